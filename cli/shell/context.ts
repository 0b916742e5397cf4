import { type Command, Option } from "commander";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Consumer, Environment } from "../../ecr/environment";
import { UserError } from "../../ecr/user-error";
import { projectDirectory } from "../../launch/project-directory.cjs";

/** The options of every command that works on an environment. */
export interface EnvironmentOptions {
  readonly env: string;
  readonly region?: string;
}

/** The environment and the region that the options name. */
export interface EnvironmentContext {
  readonly environment: Environment;
  /** The region given, or the environment's first. */
  readonly region: string;
  /** Every environment of the project. */
  readonly environments: readonly Environment[];
}

/** The variable that `--env` is read from by default. */
const VARIABLE = "ECR_CACHE_ENV";

/** `--env`, which `ECR_CACHE_ENV` sets where it is not given. */
export function environmentOption(description = "the environment's name"): Option {
  return new Option("--env <env>", description).env(VARIABLE);
}

/** Adds `--env` and `--region` to a command that works in one region. */
export function environmentOptions(command: Command): Command {
  return command
    .addOption(environmentOption().makeOptionMandatory())
    .option("--region <region>", "one of the environment's regions (default: its first)");
}

/** Adds `--env` and `--region` to a command that works in every region by default. */
export function environmentRegionsOptions(command: Command): Command {
  return command
    .addOption(environmentOption().makeOptionMandatory())
    .option("--region <region>", "one of the environment's regions (default: all of them)");
}

/** The folder of environments that `--config` names; undefined: the project's. */
let configDirectory: string | undefined;

/** `--config`, which `ECR_CACHE_CONFIG` sets where it is not given. */
export function configOption(): Option {
  return new Option(
    "--config <directory>",
    "the folder of the environments, whose index.ts exports them (default: environments)",
  ).env("ECR_CACHE_CONFIG");
}

/** Takes the environments from a folder from now on; undefined: from the project. */
export function useConfig(directory: string | undefined): void {
  configDirectory = directory;
}

/**
 * @param what What needs an app that synthesizes the environments.
 * @throws UserError where they are those of a folder.
 */
export function requireProject(what: string): void {
  if (isProject()) return;
  throw new UserError(
    `${what} needs a clone of this project, whose app synthesizes its environments. With a folder of environments, plan with the app that has them, and pass its plan: terraform show -json plan.tfplan | ecr-cache review -`,
  );
}

/** Whether the environments are those of this project, whose app synthesizes them: the npm package has neither. */
function isProject(): boolean {
  const has = (path: string) => existsSync(join(projectDirectory, path));
  const isPackage = has("dist/cli.cjs") && !has("environments");
  return configDirectory === undefined && !isPackage;
}

/**
 * Every environment of the project. They are loaded by the command and not with the program, so that `--help` does not wait
 * for them, and a mistake in one of them is the command's error.
 */
export async function loadEnvironments(): Promise<readonly Environment[]> {
  if (isProject()) {
    const { environments } = await import("../../environments");
    return environments;
  }
  const { loadConfig } = await import("./load-config");
  return loadConfig(configDirectory ?? "environments");
}

/** @throws UserError if there is no environment of that name. */
export function findEnvironment(environments: readonly Environment[], name: string): Environment {
  const environment = environments.find((candidate) => candidate.name === name);
  if (environment) return environment;
  const names = environments.map((candidate) => candidate.name).join(", ");
  const where = name === process.env[VARIABLE] ? VARIABLE : "--env";
  throw new UserError(`${where}: found "${name}"; allowed: ${names}`);
}

/** @throws UserError if the environment has no such consumer. */
export function findConsumer({ name, access }: Environment, account: string): Consumer {
  const consumer = access.consumers.find((candidate) => candidate.account === account);
  if (consumer) return consumer;
  const accounts = access.consumers.map((candidate) => candidate.account).join(", ");
  throw new UserError(
    `--consumer: found "${account}"; allowed: ${accounts || `none: environment ${name} has no access.consumers`}`,
  );
}

/**
 * The region that a command works in.
 *
 * @throws UserError if it is not one of the environment's.
 */
export function findRegion(environment: Environment, region?: string): string {
  const { name, regions } = environment;
  if (region !== undefined && !regions.includes(region)) {
    throw new UserError(
      `--region: found "${region}"; allowed: ${regions.join(", ")} (the regions of environment ${name})`,
    );
  }
  return region ?? regions[0]!;
}

/**
 * The regions that a command works in: the one given, or all of the environment's.
 *
 * @throws UserError if it is not one of the environment's.
 */
export function findRegions(environment: Environment, region?: string): readonly string[] {
  return region === undefined ? environment.regions : [findRegion(environment, region)];
}

/** @throws UserError if the environment or the region is unknown. */
export async function environmentContext(options: EnvironmentOptions): Promise<EnvironmentContext> {
  const environments = await loadEnvironments();
  const environment = findEnvironment(environments, options.env);
  return { environment, region: findRegion(environment, options.region), environments };
}

/** The environment and the regions that the options name, for a command that works in every region by default. */
export interface RegionsContext {
  readonly environment: Environment;
  /** The region given, or all of the environment's. */
  readonly regions: readonly string[];
  /** Every environment of the project. */
  readonly environments: readonly Environment[];
}

/** @throws UserError if the environment or the region is unknown. */
export async function environmentRegionsContext(
  options: EnvironmentOptions,
): Promise<RegionsContext> {
  const environments = await loadEnvironments();
  const environment = findEnvironment(environments, options.env);
  return { environment, regions: findRegions(environment, options.region), environments };
}
