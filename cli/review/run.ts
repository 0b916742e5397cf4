import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { text } from "node:stream/consumers";
import type { Environment } from "../../ecr/environment";
import { show } from "../../ecr/problem";
import { type DeclaredStack, stacksOf } from "../../ecr/environment/stack-name";
import { UserError } from "../../ecr/user-error";
import type { ReviewJson } from "./json";
import { formatReview } from "../../plan/markdown";
import { parsePlan, type Plan } from "../../plan/plan";
import { type Review, type ReviewedChange, reviewPlan, risksOf } from "../../plan/review";
import { findEnvironment, findRegion, loadEnvironments } from "../shell/context";
import { describeFileError } from "../shell/find-files";
import { printJson } from "../shell/output";
import type { Session } from "../shell/session";
import { withTerraform } from "../shell/terraform";
import { placeholders } from "../shell/token-variables";

export interface ReviewOptions {
  readonly env?: string;
  /** Whether `env` is from the command line, and not from `ECR_CACHE_ENV`. */
  readonly isEnvironmentGiven: boolean;
  readonly region?: string;
  readonly failOnRisk?: true;
  readonly json?: true;
}

/** What to review. */
interface Source {
  /** Its name: a stack, or a file. */
  readonly title: string;
  readonly environment?: Environment;
  /** The accounts of which it may be for one. */
  readonly accounts?: readonly string[];
  readonly read: () => Promise<string>;
}

interface Stack extends DeclaredStack {
  readonly environment: Environment;
}

/** Synthesizes and plans a stack. */
function planStack(session: Session, { environment, ...stack }: Stack): Promise<string> {
  const { name } = stack;
  return withTerraform(session, async (terraform) => {
    await terraform.synthesize();
    await terraform.init(name);
    const { json } = await terraform.plan(name, placeholders(environment, stack));
    return json;
  });
}

async function readPlanFile(path: string, stacks: readonly Stack[]): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const names = stacks.map(({ name }) => name).join(", ");
    throw new UserError(
      `review: found ${show(path)} (${describeFileError(error)}); allowed: ${names}, or a file`,
    );
  }
}

function sourceOf(
  session: Session,
  plan: string | undefined,
  environment: Environment | undefined,
  isEnvironmentGiven: boolean,
  stacks: readonly Stack[],
): Source {
  const name = plan ?? environment?.name;
  if (name === undefined) {
    throw new UserError(
      `review needs a plan: ${stacks.map((stack) => stack.name).join(", ")}, or a file with the output of terraform show -json`,
    );
  }
  const stack = stacks.find((one) => one.name === name);
  if (stack) {
    if (isEnvironmentGiven && environment !== stack.environment) {
      throw new UserError(
        `--env: found "${environment?.name}"; allowed: ${stack.environment.name}, which ${stack.name} is a stack of`,
      );
    }
    return {
      title: stack.name,
      environment: stack.environment,
      accounts: [stack.placement.account],
      read: () => planStack(session, stack),
    };
  }
  const common = environment && {
    environment,
    accounts: stacksOf(environment).map(({ placement }) => placement.account),
  };
  if (name === "-") {
    const { stdin } = session;
    if (!stdin)
      throw new UserError("review: there is no standard input. Pipe a plan in, or name a file");
    return { title: environment?.name ?? "standard input", ...common, read: () => text(stdin) };
  }
  return {
    title: environment?.name ?? basename(name),
    ...common,
    read: () => readPlanFile(name, stacks),
  };
}

/** A given region must be one of the environment's, or, if there is no environment, of the plan's. */
function checkRegion(plan: Plan, environment: Environment | undefined, region: string): void {
  const own = new Set([
    ...(environment ? [...environment.regions, ...environment.formerRegions] : []),
    ...plan.changes.flatMap((change) => change.region ?? []),
  ]);
  if (environment && !own.has(region)) findRegion(environment, region);
  if (own.has(region)) return;
  throw new UserError(
    `--region: found ${show(region)}; allowed: ${[...own].sort().join(", ") || "none: the plan has no region"}`,
  );
}

function changeJson({ notes, ...change }: ReviewedChange): ReviewJson["changes"][number] {
  return {
    ...change,
    notes: notes.map(({ text, risk = null, consequence = null }) => ({ text, risk, consequence })),
  };
}

function toJson(review: Review, plan: string): ReviewJson {
  const { region, terraformVersion, counts, changes, drift } = review;
  return {
    plan,
    region,
    terraformVersion,
    counts,
    risks: risksOf(review),
    changes: changes.map(changeJson),
    drift: drift.map(changeJson),
  };
}

/** Reads a plan and prints what a reviewer must know. */
export async function runReview(
  session: Session,
  plan: string | undefined,
  options: ReviewOptions,
): Promise<void> {
  const environments = await loadEnvironments();
  const named = options.env === undefined ? undefined : findEnvironment(environments, options.env);
  const { title, environment, accounts, read } = sourceOf(
    session,
    plan,
    named,
    options.isEnvironmentGiven,
    environments.flatMap((environment) =>
      stacksOf(environment).map((stack) => ({ ...stack, environment })),
    ),
  );

  const parsed = parsePlan(await read(), plan === "-" ? "standard input" : (plan ?? title));
  const { region } = options;
  if (region !== undefined) checkRegion(parsed, environment, region);
  const review = reviewPlan(parsed, {
    ...(environment && { environment }),
    ...(accounts && { accounts }),
    ...(region !== undefined && { region }),
  });
  if (options.failOnRisk && risksOf(review).length > 0) session.exitCode = 1;
  if (options.json) printJson(session, toJson(review, title));
  else session.stdout.write(formatReview(review, title));
}
