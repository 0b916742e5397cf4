import { type Environment, managedRules, tokenVariable } from "../../ecr/environment";
import { upstreamOf } from "../../ecr/upstreams";
import { UserError } from "../../ecr/user-error";
import type { Review } from "../../plan/review";
import { tokenProblem } from "../../registry/token";
import { readToken } from "../shell/prompt";
import type { Session } from "../shell/session";
import type { StackVariables } from "../shell/terraform";
import { givenToken } from "../shell/token-variables";

type ManagedRule = ReturnType<typeof managedRules>[number];

const SECRET_VERSION = "aws_secretsmanager_secret_version.";
const WRITES = ["create", "update", "replace"];

/** The rules whose token a plan of the credentials stack writes. */
function writtenRules(environment: Environment, { changes }: Review): ManagedRule[] {
  const prefixes = new Set(
    changes
      .filter(
        ({ address, action }) => address?.startsWith(SECRET_VERSION) && WRITES.includes(action),
      )
      .map(({ prefix }) => prefix),
  );
  return managedRules(environment).filter(({ prefix }) => prefixes.has(prefix));
}

function check({ credential, upstream }: ManagedRule, token: string, where: string): void {
  const problem = tokenProblem(token, credential.username, upstream);
  if (problem !== undefined) throw new UserError(`${where}: ${problem}`);
}

/** The tokens that a plan writes and that are not set yet. */
export class MissingTokens {
  private readonly missing: readonly ManagedRule[];

  /** @throws UserError for a token that is set and can't be one, and for missing ones if nobody can type them. */
  constructor(
    private readonly session: Session,
    environment: Environment,
    review: Review,
  ) {
    const missing: ManagedRule[] = [];
    for (const rule of writtenRules(environment, review)) {
      const variable = tokenVariable(rule.prefix);
      const token = givenToken(variable);
      if (token === undefined) missing.push(rule);
      else check(rule, token, `TF_VAR_${variable}`);
    }
    this.missing = missing;
    if (missing.length > 0 && session.stdin?.isTTY !== true) {
      const names = missing.map(({ prefix }) => `TF_VAR_${tokenVariable(prefix)}`);
      throw new UserError(
        `the plan writes tokens that are not set, and there is no terminal to type them at. Set ${names.join(", ")}`,
      );
    }
  }

  /** Asks for each token at the terminal, which does not show it. @throws UserError if the input ends. */
  async read(interruption: AbortSignal): Promise<StackVariables> {
    const tokens: Record<string, string> = {};
    for (const rule of this.missing) {
      const { title, tokenName = "token" } = upstreamOf(rule.upstream);
      const token = await readToken(
        this.session,
        `${title}, ${tokenName} of ${rule.credential.username} (not shown): `,
        interruption,
      );
      check(rule, token, rule.prefix);
      tokens[tokenVariable(rule.prefix)] = token;
    }
    return tokens;
  }
}
