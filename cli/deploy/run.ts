import type { Environment } from "../../ecr/environment";
import {
  type DeclaredStack,
  needsOtherCredentials,
  stackName,
  stacksOf,
} from "../../ecr/environment/stack-name";
import { show } from "../../ecr/problem";
import { UserError } from "../../ecr/user-error";
import { formatReview } from "../../plan/markdown";
import { parsePlan, type Plan } from "../../plan/plan";
import { type Review, reviewPlan, risksOf } from "../../plan/review";
import { loadEnvironments } from "../shell/context";
import { flushed } from "../shell/drain";
import { confirm } from "../shell/prompt";
import type { Session } from "../shell/session";
import { type SavedPlan, type StackTerraform, withTerraform } from "../shell/terraform";
import { placeholders } from "../shell/token-variables";
import { checkNewSecrets } from "./preflight";
import { MissingTokens } from "./tokens";

/** What to deploy, to compare or to destroy. */
export interface StackOptions {
  /** False: not the credentials stack. */
  readonly credentials: boolean;
  /** False: not the stacks of consumers. */
  readonly consumers: boolean;
  readonly failOnRisk?: true;
}

interface Target {
  readonly environment: Environment;
  /** In the order in which they are deployed. */
  readonly stacks: readonly DeclaredStack[];
}

/** A stack's plan, read. */
interface ReadPlan {
  readonly saved: SavedPlan;
  readonly plan: Plan;
  readonly review: Review;
}

/**
 * What a user names: an environment, which is all of its stacks, or one of the others of an environment. A consumer's stack
 * that says with which credentials of its account it is deployed is one of all; any other one has to be named.
 *
 * @throws UserError if there is no such environment or stack.
 */
async function findTarget(
  session: Session,
  name: string,
  { credentials, consumers }: StackOptions,
): Promise<Target> {
  const environments = await loadEnvironments();
  for (const environment of environments) {
    const all = stacksOf(environment);
    if (name === environment.name) {
      const wanted = all.filter(
        ({ kind }) => kind === "cache" || (kind === "credentials" ? credentials : consumers),
      );
      const left = wanted.filter(needsOtherCredentials);
      for (const stack of left) {
        session.stderr.write(
          `${stack.name} is left out: its consumer has neither an assumeRole nor a profile. Name the stack, with credentials of account ${stack.placement.account}.\n`,
        );
      }
      return { environment, stacks: wanted.filter((stack) => !left.includes(stack)) };
    }
    const stack = all.find((one) => one.name === name);
    if (stack) return { environment, stacks: [stack] };
  }
  const names = environments.flatMap((environment) => [
    environment.name,
    ...stacksOf(environment)
      .filter(({ kind }) => kind !== "cache")
      .map((stack) => stack.name),
  ]);
  throw new UserError(`environment: found ${show(name)}; allowed: ${names.join(", ")}`);
}

async function planStack(
  session: Session,
  terraform: StackTerraform,
  environment: Environment,
  stack: DeclaredStack,
  args: readonly string[] = [],
): Promise<ReadPlan> {
  const { name, placement } = stack;
  await terraform.init(name);
  const saved = await terraform.plan(name, placeholders(environment, stack), args);
  const plan = parsePlan(saved.json, name);
  const review = reviewPlan(plan, { environment, accounts: [placement.account] });
  session.stdout.write(formatReview(review, name));
  return { saved, plan, review };
}

const SECRET = "aws_secretsmanager_secret";

/** Whether a plan of the credentials stack creates secrets, which a plan of the cache reads. */
function createsSecrets({ plan }: ReadPlan): boolean {
  return plan.changes.some(({ type, action }) => type === SECRET && action === "create");
}

/** Whether the plan has risks that stop it. */
function stopsAtRisk(
  session: Session,
  { review }: ReadPlan,
  { failOnRisk }: StackOptions,
): boolean {
  if (!failOnRisk || risksOf(review).length === 0) return false;
  session.exitCode = 1;
  return true;
}

export interface DiffOptions extends StackOptions {
  readonly failOnChange?: true;
}

/** Plans the stacks of an environment, and prints what a reviewer must know. */
export async function runDiff(session: Session, name: string, options: DiffOptions): Promise<void> {
  const { environment, stacks } = await findTarget(session, name, options);
  await withTerraform(session, async (terraform) => {
    await terraform.synthesize();
    for (const stack of stacks) {
      const read = await planStack(session, terraform, environment, stack);
      stopsAtRisk(session, read, options);
      if (options.failOnChange && read.plan.isApplicable) session.exitCode = 1;
      const isFirst = stack.kind === "credentials" && stacks.length > 1;
      if (isFirst && createsSecrets(read)) {
        session.stderr.write(
          `${stackName(environment, "cache")} reads these secrets: it can be planned once ${stackName(environment, "credentials")} is deployed.\n`,
        );
        return;
      }
    }
  });
}

export interface ApplyOptions extends StackOptions {
  readonly autoApprove?: true;
}

/**
 * Plans the stacks of an environment one after the other, prints what a reviewer must know, and applies each plan that was
 * shown, once it is approved.
 *
 * @param isDestroying Whether everything is to be destroyed, in reverse order.
 * @throws UserError if a plan is not approved, a token is missing, or Terraform fails.
 */
export async function runApply(
  session: Session,
  name: string,
  options: ApplyOptions,
  isDestroying: boolean,
): Promise<void> {
  const { environment, stacks } = await findTarget(session, name, options);
  if (!options.autoApprove && session.stdin?.isTTY !== true) {
    throw new UserError("there is no terminal to approve the plan at. Add --auto-approve");
  }
  await withTerraform(session, async (terraform) => {
    await terraform.synthesize();
    const args = isDestroying ? ["-destroy"] : [];
    for (const stack of isDestroying ? [...stacks].reverse() : stacks) {
      const read = await planStack(session, terraform, environment, stack, args);
      if (stopsAtRisk(session, read, options)) {
        session.stderr.write(
          `${stack.name} has risks, so nothing of it was applied (--fail-on-risk).\n`,
        );
        return;
      }
      if (read.plan.isApplicable) {
        await apply(session, terraform, { environment, stack, isDestroying }, read, options);
      }
    }
  });
}

/** What is to be approved. */
interface Approval {
  readonly environment: Environment;
  readonly stack: DeclaredStack;
  readonly isDestroying: boolean;
}

async function apply(
  session: Session,
  terraform: StackTerraform,
  { environment, stack, isDestroying }: Approval,
  { saved, plan, review }: ReadPlan,
  { autoApprove }: ApplyOptions,
): Promise<void> {
  const { name, placement } = stack;
  const { interruption } = terraform;
  const tokens = new MissingTokens(session, environment, review);
  await checkNewSecrets(environment, plan);
  if (!autoApprove) {
    const answer = isDestroying ? environment.name : "yes";
    const question = isDestroying
      ? `Type ${answer} to destroy ${name} in account ${placement.account}: `
      : `Apply this plan of ${name} in account ${placement.account}? Type ${answer}: `;
    await confirm(session, question, answer, interruption);
  }
  const variables = {
    ...placeholders(environment, stack),
    ...(await tokens.read(interruption)),
  };
  // What reads the output, such as head, may have gone, which ends the process: better now than during the apply.
  await flushed(session.stdout);
  await terraform.apply(saved, variables);
}
