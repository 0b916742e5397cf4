import { type ECRClient, GetRegistryScanningConfigurationCommand } from "@aws-sdk/client-ecr";
import type { Environment } from "../../ecr/environment";
import { type Scanning, scanningRules } from "../../ecr/scanning";
import { deployCommand } from "../../registry/aws/remedies";
import { failed, ok, type Outcome } from "../../registry/rule-validation";

/** Checks that a registry scans what the environment wants, and nothing that a deployment would remove. */
export async function checkScanning(
  ecr: ECRClient,
  { name, rules }: Environment,
  scanning: Scanning,
): Promise<Outcome> {
  const { scanningConfiguration: found } = await ecr.send(
    new GetRegistryScanningConfigurationCommand(),
  );
  const existing = (found?.rules ?? []).flatMap(({ scanFrequency, repositoryFilters = [] }) =>
    repositoryFilters.map(({ filter }) => `${scanFrequency} ${filter}`),
  );
  const wanted = scanningRules(
    scanning,
    rules.map(({ prefix }) => prefix),
  ).flatMap(({ scanFrequency, filters }) => filters.map((filter) => `${scanFrequency} ${filter}`));
  const missing = wanted.filter((filter) => !existing.includes(filter));
  const others = existing.filter((filter) => !wanted.includes(filter));
  const problems = [
    found?.scanType !== scanning.type &&
      `the type of scanning: found ${found?.scanType}, expected ${scanning.type}`,
    missing.length > 0 && `the configuration lacks ${missing.join(", ")}`,
    others.length > 0 && `scanning.otherRules lacks ${others.join(", ")}`,
  ].filter((problem) => problem !== false);
  if (problems.length === 0) return ok();
  return failed(
    problems.join("; "),
    others.length > 0
      ? `add them to scanning.otherRules: a deployment would remove them, or fails; then ${deployCommand(name)}`
      : deployCommand(name),
  );
}
