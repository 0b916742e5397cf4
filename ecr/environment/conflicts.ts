import { stackBackend, stateLocation } from "./backend";
import { type Environment, hasRegistryPolicy } from "./model";
import { MAX_RULES_PER_REGISTRY } from "./limits";
import { show } from "../problem";
import { repeated } from "../repeated";
import { stacksOf } from "./stack-name";
import { UserError } from "../user-error";

/**
 * Checks what environments must keep to among themselves.
 *
 * @throws UserError with one line for each name and each state that is taken twice, and for each prefix or per-registry
 * singleton that two environments of one account and region would both own.
 */
export function checkEnvironments(environments: readonly Environment[]): void {
  const lines: string[] = [];
  const names = environments.map(({ name }) => name);
  for (const { index, first } of repeated(names.map((name) => name.toLowerCase()))) {
    lines.push(
      `environments[${index}]: name: found ${show(names[index])}, beside ${show(names[first])} in environments[${first}]; allowed: a name once, whatever its case`,
    );
  }
  if (lines.length === 0) lines.push(...sharedStateLines(environments));

  const registries = new Map<string, Environment[]>();
  for (const environment of environments) {
    for (const region of environment.regions) {
      const key = `account ${environment.account} in ${region}`;
      registries.set(key, [...(registries.get(key) ?? []), environment]);
    }
  }
  for (const [registry, owners] of registries) {
    lines.push(...registryLines(registry, owners));
  }
  if (lines.length > 0) throw new UserError(lines.join("\n"));
}

function sharedStateLines(environments: readonly Environment[]): string[] {
  const states = environments.flatMap((environment) =>
    stacksOf(environment).map(({ kind, name, placement }) => ({
      environment: environment.name,
      stack: name,
      location: stateLocation(stackBackend(placement.backend, kind, name)),
    })),
  );
  return repeated(states.map(({ location }) => location)).map(
    ({ index, first }) =>
      `environment ${states[index]?.environment}: backend: found the state of stack ${states[first]?.stack} also for stack ${states[index]?.stack}; allowed: a state of its own for each stack`,
  );
}

function registryLines(registry: string, owners: readonly Environment[]): string[] {
  const lines: string[] = [];
  const owned = owners.flatMap(({ name, rules }) =>
    rules.map((rule) => ({ name, prefix: rule.prefix })),
  );
  for (const { value, index, first } of repeated(owned.map((one) => one.prefix))) {
    lines.push(
      `environment ${owned[index]?.name}: rules: found prefix ${show(value)}, which environment ${owned[first]?.name} has too for ${registry}; allowed: a prefix in one environment of an account and region`,
    );
  }
  if (owned.length > MAX_RULES_PER_REGISTRY) {
    lines.push(
      `environments ${owners.map(({ name }) => name).join(", ")}: rules: found ${owned.length} rules for ${registry}; allowed: at most ${MAX_RULES_PER_REGISTRY}, ECR's quota`,
    );
  }
  const scanners = owners.filter(({ scanning }) => scanning !== undefined);
  if (scanners.length > 1) {
    lines.push(
      `environments ${scanners.map(({ name }) => name).join(", ")}: scanning: found in each for ${registry}; allowed: in one of them, since a registry has one scanning configuration; the prefixes of the others go into its scanning.otherRules`,
    );
  }
  const policyOwners = owners.filter(hasRegistryPolicy);
  if (policyOwners.length > 1) {
    lines.push(
      `environments ${policyOwners.map(({ name }) => name).join(", ")}: access: found a registry policy in each for ${registry} (accounts, consumers, organizations or registryStatements); allowed: in one of them, since a registry has one`,
    );
  }
  return lines;
}
