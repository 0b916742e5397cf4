import { createInterface } from "node:readline";
import { UserError } from "../../ecr/user-error";
import { formatCount, formatDay } from "../shell/format";
import type { PurgeJson } from "./json";
import { deleteLeftovers, findLeftovers, type LeftRepository } from "./leftovers";
import type { Aws } from "../../registry/aws/with-aws";
import type { EnvironmentContext } from "../shell/context";
import { type Column, count, printJson, printTable, Progress } from "../shell/output";
import { explainError } from "../../registry/aws/remedies";
import type { Session } from "../shell/session";

export interface PurgeRequest extends EnvironmentContext {
  readonly isDeleting: boolean;
  /** Whether the environment's name was given already. */
  readonly isConfirmed: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

const columns: readonly Column<LeftRepository>[] = [
  { title: "REPOSITORY", value: ({ repository }) => repository },
  { title: "CREATED", value: ({ createdAt }) => (createdAt ? formatDay(createdAt) : "-") },
  { title: "STATUS", value: ({ status }) => status },
];

const repositoriesOf = (number: number) => count(number, "repository", "repositories");

/** Lists or deletes the repositories that a cache has left. */
export async function runPurge(session: Session, aws: Aws, request: PurgeRequest): Promise<void> {
  const { environment, region, environments, isDeleting, isConfirmed, force } = request;
  const ecr = await aws.ecr(region);
  const { rules, repositories } = await findLeftovers(ecr, environment, region, environments);
  const found = repositories.filter(({ status }) => status === "found").length;

  if (!isDeleting || found === 0) {
    print(session, request, rules, repositories);
    session.stderr.write(hint(request, rules, found));
    return;
  }
  if (rules.length > 0 && !force) {
    throw new UserError(
      `environment ${environment.name} still has the rules ${rules.join(", ")} in ${region}, whose pulls create repositories again. Run npx cdktf destroy ${environment.name} first, or use --force`,
    );
  }
  if (!isConfirmed) {
    if (!request.json) print(session, request, rules, repositories);
    await confirm(session, environment.name, `${repositoriesOf(found)} in ${region}`);
  }

  const progress = new Progress(session.stderr);
  const results = await deleteLeftovers(ecr, repositories, explainError, (done) => {
    progress.update(() => `${formatCount(done)} of ${formatCount(found)} repositories deleted`);
  });
  progress.clear();
  print(session, request, rules, results);
  const failed = results.filter(({ status }) => status === "failed");
  for (const { repository, reason } of failed) {
    session.stderr.write(`ecr-cache: ${repository}: ${reason}\n`);
  }
  if (failed.length > 0) session.exitCode = 2;
  session.stderr.write(
    `${repositoriesOf(found - failed.length)} deleted${failed.length > 0 ? `, ${formatCount(failed.length)} not` : ""}.\n`,
  );
}

function print(
  session: Session,
  { environment, region, json }: PurgeRequest,
  rules: readonly string[],
  repositories: readonly LeftRepository[],
): void {
  if (json) {
    const output: PurgeJson = {
      environment: environment.name,
      account: environment.account,
      region,
      rules,
      repositories: repositories.map((one) => ({
        ...one,
        createdAt: one.createdAt?.toISOString() ?? null,
      })),
    };
    printJson(session, output);
    return;
  }
  if (repositories.length > 0) printTable(session, columns, repositories);
  const kept = repositories.find(({ status }) => status === "kept");
  if (kept) session.stderr.write(`Kept: ${kept.reason}.\n`);
}

function hint(
  { environment, region, isDeleting }: PurgeRequest,
  rules: readonly string[],
  found: number,
): string {
  const { name } = environment;
  if (found === 0) return `Environment ${name} has no repositories in ${region}.\n`;
  const how = `ecr-cache purge --env ${name} --region ${region} --yes`;
  const existing =
    rules.length > 0
      ? `The rules ${rules.join(", ")} still exist: run npx cdktf destroy ${name} first.\n`
      : "";
  return isDeleting
    ? ""
    : `${repositoriesOf(found)} found, nothing deleted. To delete them: ${how}\n${existing}`;
}

/** @throws UserError unless somebody types the environment's name. */
async function confirm(session: Session, name: string, what: string): Promise<void> {
  const { stdin } = session;
  if (!stdin?.isTTY) {
    throw new UserError(`--yes: there is no terminal to confirm at. Add --confirm ${name}`);
  }
  session.stderr.write(`Type ${name} to delete ${what} with all their images: `);
  const lines = createInterface({ input: stdin });
  const typed = await new Promise<string>((resolve) => {
    lines.once("line", (line) => resolve(line.trim()));
    lines.once("close", () => resolve(""));
  });
  lines.close();
  if (typed !== name) {
    throw new UserError(
      `confirmation: found ${JSON.stringify(typed)}; allowed: ${name}; nothing was deleted`,
    );
  }
}
