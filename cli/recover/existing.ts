import { writeFile } from "node:fs/promises";
import { failureOf } from "../shell/run-program";
import type { StackTerraform, StackVariables } from "../shell/terraform";

/** What may be imported. */
export interface Candidate {
  readonly address: string;
  readonly id: string;
}

/**
 * A line that Terraform prints with `-json`.
 * Source: https://developer.hashicorp.com/terraform/internals/machine-readable-ui
 */
interface Line {
  readonly type?: string;
  readonly diagnostic?: {
    readonly severity: string;
    readonly summary: string;
    readonly detail?: string;
    readonly address?: string;
  };
}

function errorsIn(output: string): NonNullable<Line["diagnostic"]>[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .flatMap((line) => (JSON.parse(line) as Line).diagnostic ?? [])
    .filter(({ severity }) => severity === "error");
}

/**
 * Whether an error is about a resource: Terraform names its address, the provider only its type and id, as in `reading ECR
 * Repository Creation Template (quay): …`.
 */
function isAbout(
  { summary, detail = "", address: about }: NonNullable<Line["diagnostic"]>,
  { address, id }: Candidate,
): boolean {
  const [type = ""] = address.split(".");
  const title = type.replace(/^aws_/, "").replaceAll("_", " ");
  return (
    about === address ||
    detail.includes(`"${address}"`) ||
    summary.toLowerCase().includes(`${title} (${id.toLowerCase()})`)
  );
}

/** What Terraform and AWS say of a resource that is not there. */
const ABSENT = /non-existent|not ?found|couldn't find|NoSuchEntity|does not exist|cannot find/i;

/** Whether something is a permission of a function: the provider can't be asked for one where the function is missing. */
function isPermissionOf({ address, id }: Candidate, lambda: Candidate): boolean {
  return (
    lambda.address.startsWith("aws_lambda_function.") &&
    address.startsWith("aws_lambda_permission.") &&
    id.startsWith(`${lambda.id}/`)
  );
}

/**
 * Those of some resources that exist: Terraform is asked by a plan with an import of each. A plan names every import that
 * fails, but what depends on such a resource only in the next plan.
 *
 * @throws UserError with Terraform's messages, if something else fails.
 */
export async function findExisting(
  terraform: StackTerraform,
  stack: string,
  variables: StackVariables,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> {
  const file = terraform.extraFile(stack);
  let left = candidates;
  try {
    while (left.length > 0) {
      const imports = left.map(({ address: to, id }) => ({ to, id }));
      await writeFile(file, JSON.stringify({ import: imports }));
      const result = await terraform.attempt(
        stack,
        ["plan", "-json", "-lock=false", "-input=false"],
        variables,
      );
      if (result.code === 0) return left;
      const errors = errorsIn(result.stdout);
      const absent = left.filter((candidate) =>
        errors.some(
          (error) => isAbout(error, candidate) && ABSENT.test(`${error.summary} ${error.detail}`),
        ),
      );
      if (absent.length === 0) {
        const messages = errors.map(({ summary, detail = "" }) => `${summary}\n${detail}`);
        const stderr = [...messages, result.stderr].join("\n");
        throw failureOf({ title: `${stack}: terraform plan` }, { ...result, stderr });
      }
      left = left.filter(
        (candidate) => !absent.some((one) => one === candidate || isPermissionOf(candidate, one)),
      );
    }
    return left;
  } finally {
    await terraform.removeExtraFile(stack);
  }
}
