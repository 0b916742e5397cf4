import type { Problem } from "../problem";
import { regionOfArn } from "../region";

/**
 * What is wrong with a list of ARNs that must have exactly one in each region of the environment.
 *
 * @param what The singular and the plural of what the ARNs are of.
 * @param reason Why each must be in its region, if that is not plain.
 */
export function onePerRegionProblems(
  path: readonly PropertyKey[],
  arns: readonly string[],
  regions: readonly string[],
  [one, several]: readonly [one: string, several: string],
  reason = "",
): Problem[] {
  const found = arns.map(regionOfArn).sort().join(", ");
  const wanted = [...regions].sort().join(", ");
  return found === wanted
    ? []
    : [
        {
          path,
          found: `${arns.length === 1 ? `a ${one}` : several} in ${found}`,
          allowed: `one ${one} in each region${reason}: ${wanted}`,
        },
      ];
}
