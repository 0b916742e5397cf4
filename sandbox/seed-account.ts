import { randomUUID } from "node:crypto";
import type { Environment } from "../ecr/environment";
import { type Answer, callJson, callQuery } from "./moto-client";
import type { Sandbox } from "./sandbox";

const TRUST = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Principal: { Service: "ecs-tasks.amazonaws.com" },
      Action: "sts:AssumeRole",
    },
  ],
});

/**
 * Creates what environments expect in their account, and in those of consumers, and an empty one lacks: the roles that pull,
 * and the secrets that the project does not create, with a placeholder token.
 */
export async function seedAccount(
  sandbox: Sandbox,
  environments: readonly Environment[],
): Promise<void> {
  for (const { account, access } of environments) {
    for (const { account: id, roles } of [{ account, roles: access.roles }, ...access.consumers]) {
      for (const RoleName of new Set(roles)) {
        const input = {
          Action: "CreateRole",
          Version: "2010-05-08",
          RoleName,
          AssumeRolePolicyDocument: TRUST,
        };
        // The id of an account is the access key of its administrator.
        check(await callQuery(sandbox, "iam", input, id));
      }
    }
  }
  for (const [region, secrets] of existingSecrets(environments)) {
    for (const [Name, username] of secrets) {
      const SecretString = JSON.stringify({ username, accessToken: "sandbox" });
      check(
        await callJson(sandbox, "secretsmanager", region, "secretsmanager.CreateSecret", {
          Name,
          SecretString,
          ClientRequestToken: randomUUID(),
        }),
      );
    }
  }
}

/** The moto of `--moto-url` may have them from an earlier sandbox. */
const EXISTS = /EntityAlreadyExists|ResourceExistsException/;

function check({ ok, text }: Answer): void {
  if (!ok && !EXISTS.test(text)) throw new Error(`the account could not be seeded: ${text}`);
}

/** By region, the user name by the secret's name. */
function existingSecrets(environments: readonly Environment[]): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const { regions, rules } of environments) {
    for (const region of regions) {
      for (const { credential } of rules) {
        if (!credential || credential.managed) continue;
        const secrets = found.get(region) ?? new Map<string, string>();
        found.set(region, secrets.set(credential.secretName, credential.username));
      }
    }
  }
  return found;
}
