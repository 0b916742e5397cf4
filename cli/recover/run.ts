import {
  DescribeSecretCommand,
  ResourceNotFoundException,
  RestoreSecretCommand,
} from "@aws-sdk/client-secrets-manager";
import type { Consumer, Environment } from "../../ecr/environment";
import {
  consumerStack,
  type DeclaredStack,
  needsOtherCredentials,
  stackName,
  stacksOf,
} from "../../ecr/environment/stack-name";
import { partitionOf } from "../../ecr/region";
import { UserError } from "../../ecr/user-error";
import { parsePlan, type Plan, type ResourceChange } from "../../plan/plan";
import { restoreSecretCommand } from "../../registry/aws/remedies";
import type { Aws } from "../../registry/aws/with-aws";
import { type Column, count, printJson, printTable } from "../shell/output";
import type { Session } from "../shell/session";
import { type SavedPlan, type StackTerraform, unframed, withTerraform } from "../shell/terraform";
import { placeholders } from "../shell/token-variables";
import { findExisting } from "./existing";
import { importId } from "./import-ids";
import type { RecoverJson } from "./json";

export interface RecoverRequest {
  readonly environment: Environment;
  /** The consumer whose stack is the only one. Default: all stacks that name whose credentials they are planned with. */
  readonly consumer?: Consumer;
  readonly isWriting: boolean;
  /** The lock to be removed. */
  readonly unlock?: string;
  readonly json: boolean;
}

type Finding = RecoverJson[number];

/** What is to be done, and how it is done with --write. */
interface Remedy {
  readonly finding: Omit<Finding, "done">;
  readonly apply: () => Promise<unknown>;
}

const SECRET = "aws_secretsmanager_secret";

/** Terraform's words for a state that another run has locked, or has left locked. */
const LOCK = /Lock Info:\s+ID:\s+(\S+)(?:[^]*?Who:\s+(\S+))?(?:[^]*?Created:\s+(\S+))?/;
/** The `http` backend prints as "Lock Info" what it tried to lock with, and the lock's own ID only here. */
const HTTP_LOCK = /HTTP remote state already locked: ID=(\S+)/;

/** The lock that a message is about, if it is about one. */
function lockIn(message: string): { readonly id: string; readonly detail: string } | undefined {
  const [, held] = HTTP_LOCK.exec(message) ?? [];
  if (held !== undefined) return { id: held, detail: "locked by another run" };
  const [, id, who = "unknown", created = "unknown"] = LOCK.exec(message) ?? [];
  return id === undefined ? undefined : { id, detail: `locked by ${who} since ${created}` };
}

/** One stack that is recovered. */
class StackRecovery {
  readonly stack: string;
  private readonly variables: Readonly<Record<string, string>>;
  private readonly partition: string;
  private planned?: SavedPlan;

  constructor(
    private readonly terraform: StackTerraform,
    private readonly aws: Aws,
    environment: Environment,
    private readonly declared: DeclaredStack,
  ) {
    this.stack = declared.name;
    this.variables = placeholders(environment, declared);
    this.partition = partitionOf(environment.regions[0]!);
  }

  /** The lock that is in the way of a plan, if there is one. */
  async lock(): Promise<Remedy | undefined> {
    await this.terraform.init(this.stack);
    try {
      this.planned = await this.terraform.plan(this.stack, this.variables);
      return undefined;
    } catch (error) {
      const lock = error instanceof UserError ? lockIn(unframed(error.message)) : undefined;
      if (!lock) throw error;
      const args = ["force-unlock", "-force", lock.id] as const;
      return this.remedy("unlock", null, lock.id, lock.detail, args);
    }
  }

  /** The plan, which a lock does not prevent: nothing is written. */
  async plan(): Promise<Plan> {
    this.planned ??= await this.terraform.plan(this.stack, this.variables, ["-lock=false"]);
    return parsePlan(this.planned.json, this.stack);
  }

  /** What keeps a deployment from the end that a plan describes. */
  async remedies({ changes }: Plan): Promise<Remedy[]> {
    const created = changes.filter(({ action }) => action === "create");
    const candidates = created.flatMap((change) => {
      const id = importId(change, this.declared.placement.account, this.partition);
      return id === undefined ? [] : [{ ...change, id }];
    });
    const existing = await findExisting(this.terraform, this.stack, this.variables, candidates);
    const secrets: Remedy[] = [];
    for (const change of created.filter(({ type }) => type === SECRET)) {
      secrets.push(...(await this.secretRemedies(change)));
    }
    return [
      ...changes
        .filter(({ isTainted }) => isTainted)
        .map(({ address, region }) =>
          this.remedy(
            "untaint",
            region,
            address,
            "was created, but Terraform takes it for damaged",
            ["untaint", address],
          ),
        ),
      ...secrets,
      ...candidates
        .filter(({ address }) => existing.some((one) => one.address === address))
        .map((change) => this.importRemedy(change, change.id)),
    ];
  }

  private async secretRemedies(change: ResourceChange): Promise<Remedy[]> {
    const { region, after, address } = change;
    const name = String(after.name);
    if (region === null) return [];
    const client = await this.aws.secretsManager(region);
    try {
      const { ARN = "", DeletedDate } = await client.send(
        new DescribeSecretCommand({ SecretId: name }),
      );
      const restore: Remedy = {
        finding: {
          stack: this.stack,
          region,
          remedy: "restore",
          subject: address,
          detail: `secret ${name} is scheduled for deletion`,
          command: restoreSecretCommand(name, region),
        },
        apply: () => client.send(new RestoreSecretCommand({ SecretId: name })),
      };
      return [...(DeletedDate ? [restore] : []), this.importRemedy(change, ARN)];
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return [];
      throw error;
    }
  }

  private importRemedy({ address, region }: ResourceChange, id: string): Remedy {
    return this.remedy("import", region, address, `${id} exists, and is not in the state`, [
      "import",
      address,
      id,
    ]);
  }

  private remedy(
    remedy: Finding["remedy"],
    region: string | null,
    subject: string,
    detail: string,
    args: readonly [command: string, ...rest: string[]],
  ): Remedy {
    const [command, ...rest] = args;
    const options = command === "import" ? ["-no-color", "-input=false"] : ["-no-color"];
    return {
      finding: {
        stack: this.stack,
        region,
        remedy,
        subject,
        detail,
        command: `terraform -chdir=cdktf.out/stacks/${this.stack} ${args.join(" ")}`,
      },
      apply: () =>
        this.terraform.run(
          this.stack,
          // force-unlock knows no other option.
          command === "force-unlock" ? args : [command, ...options, ...rest],
          this.variables,
        ),
    };
  }
}

const columns: readonly Column<Finding>[] = [
  { title: "STACK", value: ({ stack }) => stack },
  { title: "REGION", value: ({ region }) => region ?? "-" },
  { title: "REMEDY", value: ({ remedy }) => remedy },
  { title: "SUBJECT", value: ({ subject }) => subject },
  { title: "STATE", value: ({ done }) => (done ? "done" : "to do") },
  { title: "DETAIL", value: ({ detail }) => detail },
];

/** Why a plan of the cache fails before the credentials stack is deployed. */
const NO_SECRET = /There is no secret [^]*Deploy \S+ first/;

/** What is recovered: an environment, or the stack of one consumer. */
interface Subject {
  readonly stacks: readonly DeclaredStack[];
  readonly title: string;
  /** What `ecr-cache deploy` takes. */
  readonly name: string;
  /** The command without `--write`. */
  readonly command: string;
}

function subjectOf(environment: Environment, consumer: Consumer | undefined): Subject {
  const command = `ecr-cache recover --env ${environment.name}`;
  if (!consumer) {
    const { name } = environment;
    return { stacks: stacksOf(environment), title: `environment ${name}`, name, command };
  }
  const stack = consumerStack(environment, consumer);
  const { name } = stack;
  const option = `--consumer ${consumer.account}`;
  return { stacks: [stack], title: `stack ${name}`, name, command: `${command} ${option}` };
}

/**
 * Compares the states of an environment with the account, and prints or does what lets the next deployment succeed.
 *
 * @throws UserError if Terraform or AWS fails.
 */
export async function runRecover(
  session: Session,
  aws: Aws,
  { environment, consumer, isWriting, unlock, json }: RecoverRequest,
): Promise<void> {
  const subject = subjectOf(environment, consumer);
  const findings: Finding[] = [];
  const notes: string[] = [];
  await withTerraform(session, async (terraform) => {
    await terraform.synthesize();
    for (const declared of subject.stacks) {
      if (!consumer && needsOtherCredentials(declared)) {
        const { account } = declared.placement;
        session.stderr.write(
          `${declared.name} is left out: its consumer has neither an assumeRole nor a profile. With credentials of account ${account}: ecr-cache recover --env ${environment.name} --consumer ${account}\n`,
        );
        continue;
      }
      const recovery = new StackRecovery(terraform, aws, environment, declared);
      const settle = async ({ finding, apply }: Remedy, isAllowed: boolean) => {
        if (isAllowed) await apply();
        findings.push({ ...finding, done: isAllowed });
      };
      try {
        const lock = await recovery.lock();
        const isUnlocking = isWriting && lock?.finding.subject === unlock;
        if (lock) await settle(lock, isUnlocking);
        const isFree = lock === undefined || isUnlocking;
        if (!isFree) {
          notes.push(
            `${recovery.stack} is locked. If that run has ended: ${subject.command} --write --unlock ${lock.finding.subject}`,
          );
        }
        for (const remedy of await recovery.remedies(await recovery.plan())) {
          await settle(remedy, isWriting && isFree);
        }
      } catch (error) {
        const isLater =
          declared.kind === "cache" &&
          error instanceof UserError &&
          NO_SECRET.test(unframed(error.message));
        if (!isLater) throw error;
        notes.push(
          `${recovery.stack} reads secrets that do not exist yet: ${isWriting ? "deploy" : "recover and deploy"} ${stackName(environment, "credentials")}, then recover again.`,
        );
      }
    }
  });
  report(session, subject, findings, notes, { isWriting, json });
}

function report(
  session: Session,
  { title, name, command }: Subject,
  findings: readonly Finding[],
  notes: readonly string[],
  { isWriting, json }: { readonly isWriting: boolean; readonly json: boolean },
): void {
  const left = findings.filter(({ done }) => !done);
  if (left.length > 0 || notes.length > 0) session.exitCode = 1;
  if (json) printJson(session, findings);
  else if (findings.length > 0) printTable(session, columns, findings);
  if (!json && left.length > 0) {
    session.stdout.write(`\nWhat to do:\n${left.map(({ command }) => `  ${command}\n`).join("")}`);
  }
  const done = findings.length - left.length;
  session.stderr.write(
    [
      ...notes,
      findings.length === 0
        ? `Nothing to recover in ${title}.`
        : `${count(findings.length, "finding")} in ${title}, ${done} done.`,
      ...(left.length > 0 && !isWriting ? [`To do all this: ${command} --write`] : []),
      ...(done > 0 ? [`Next: ecr-cache deploy ${name}`] : []),
    ]
      .map((line) => `${line}\n`)
      .join(""),
  );
}
