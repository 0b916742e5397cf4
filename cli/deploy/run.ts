import type { Environment } from "../../ecr/environment";
import type { StackKind } from "../../ecr/environment/backend";
import { stackKinds, stackName } from "../../ecr/environment/stack-name";
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
  readonly failOnRisk?: true;
}

interface Target {
  readonly environment: Environment;
  /** In the order in which they are deployed. */
  readonly kinds: readonly StackKind[];
}

/** A stack's plan, read. */
interface ReadPlan {
  readonly saved: SavedPlan;
  readonly plan: Plan;
  readonly review: Review;
}

/**
 * What a user names: an environment, which is all of its stacks, or its credentials stack.
 *
 * @throws UserError if there is no such environment or stack.
 */
async function findTarget(name: string, { credentials }: StackOptions): Promise<Target> {
  const environments = await loadEnvironments();
  for (const environment of environments) {
    const kinds = stackKinds(environment);
    if (name === environment.name) {
      return { environment, kinds: credentials ? kinds : kinds.filter((kind) => kind === "cache") };
    }
    if (kinds.includes("credentials") && name === stackName(environment, "credentials")) {
      return { environment, kinds: ["credentials"] };
    }
  }
  const names = environments.flatMap((environment) => [
    environment.name,
    ...stackKinds(environment)
      .filter((kind) => kind === "credentials")
      .map((kind) => stackName(environment, kind)),
  ]);
  throw new UserError(`environment: found ${show(name)}; allowed: ${names.join(", ")}`);
}

async function planStack(
  session: Session,
  terraform: StackTerraform,
  environment: Environment,
  kind: StackKind,
  args: readonly string[] = [],
): Promise<ReadPlan> {
  const stack = stackName(environment, kind);
  await terraform.init(stack);
  const saved = await terraform.plan(stack, placeholders(environment, stack), args);
  const plan = parsePlan(saved.json, stack);
  const review = reviewPlan(plan, { environment });
  session.stdout.write(formatReview(review, stack));
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
  const { environment, kinds } = await findTarget(name, options);
  await withTerraform(session, async (terraform) => {
    await terraform.synthesize();
    for (const kind of kinds) {
      const read = await planStack(session, terraform, environment, kind);
      stopsAtRisk(session, read, options);
      if (options.failOnChange && read.plan.isApplicable) session.exitCode = 1;
      if (kind === "credentials" && kinds.includes("cache") && createsSecrets(read)) {
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
  const { environment, kinds } = await findTarget(name, options);
  if (!options.autoApprove && session.stdin?.isTTY !== true) {
    throw new UserError("there is no terminal to approve the plan at. Add --auto-approve");
  }
  await withTerraform(session, async (terraform) => {
    await terraform.synthesize();
    const args = isDestroying ? ["-destroy"] : [];
    for (const kind of isDestroying ? [...kinds].reverse() : kinds) {
      const stack = stackName(environment, kind);
      const read = await planStack(session, terraform, environment, kind, args);
      if (stopsAtRisk(session, read, options)) {
        session.stderr.write(
          `${stack} has risks, so nothing of it was applied (--fail-on-risk).\n`,
        );
        return;
      }
      if (read.plan.isApplicable) {
        await apply(session, terraform, environment, read, options, isDestroying);
      }
    }
  });
}

async function apply(
  session: Session,
  terraform: StackTerraform,
  environment: Environment,
  { saved, plan, review }: ReadPlan,
  { autoApprove }: ApplyOptions,
  isDestroying: boolean,
): Promise<void> {
  const { interruption } = terraform;
  const tokens = new MissingTokens(session, environment, review);
  await checkNewSecrets(environment, plan);
  if (!autoApprove) {
    const answer = isDestroying ? environment.name : "yes";
    const question = isDestroying
      ? `Type ${answer} to destroy ${saved.stack} in account ${environment.account}: `
      : `Apply this plan of ${saved.stack} in account ${environment.account}? Type ${answer}: `;
    await confirm(session, question, answer, interruption);
  }
  const variables = {
    ...placeholders(environment, saved.stack),
    ...(await tokens.read(interruption)),
  };
  // What reads the output, such as head, may have gone, which ends the process: better now than during the apply.
  await flushed(session.stdout);
  await terraform.apply(saved, variables);
}
