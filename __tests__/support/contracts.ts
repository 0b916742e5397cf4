import * as z from "zod";
import type { JsonContract, JsonOf } from "../../cli/shell/json-contract";

/** What a command printed with `--json`, held to its contract. */
export function parseJson<Contract extends JsonContract>(
  contract: Contract,
  stdout: string,
): JsonOf<Contract> {
  return contract(z).parse(JSON.parse(stdout)) as JsonOf<Contract>;
}
