import { createInterface } from "node:readline";
import { groupBy } from "../../ecr/group-by";
import { UserError } from "../../ecr/user-error";
import { formatCount, formatDay } from "../shell/format";
import type { PurgeJson } from "./json";
import { deleteLeftovers, findLeftovers, type LeftRepository } from "./leftovers";
import type { Aws } from "../../registry/aws/with-aws";
import type { RegionsContext } from "../shell/context";
import { inEachRegion, withRegion } from "../shell/regions";
import { type Column, count, printJson, printTable, Progress } from "../shell/output";
import { explainError } from "../../registry/aws/remedies";
import type { Session } from "../shell/session";

export interface PurgeRequest extends RegionsContext {
  readonly isDeleting: boolean;
  /** Whether the environment's name was given already. */
  readonly isConfirmed: boolean;
  readonly force: boolean;
  /** Whether repositories are deleted that nothing proves to be the cache's. */
  readonly includeUnproven: boolean;
  readonly json: boolean;
}

const columns: readonly Column<LeftRepository>[] = [
  { title: "REPOSITORY", value: ({ repository }) => repository },
  { title: "CREATED", value: ({ createdAt }) => (createdAt ? formatDay(createdAt) : "-") },
  { title: "STATUS", value: ({ status }) => status },
];

type ExistingRule = PurgeJson["rules"][number];

/** `docker-hub, quay in us-east-1; quay in eu-west-1`. */
function describeRules(rules: readonly ExistingRule[]): string {
  return groupBy(rules, ({ region }) => region)
    .map((own) => `${own.map(({ prefix }) => prefix).join(", ")} in ${own[0]!.region}`)
    .join("; ");
}

const repositoriesOf = (number: number) => count(number, "repository", "repositories");

/** Lists or deletes the repositories that a cache has left. */
export async function runPurge(session: Session, aws: Aws, request: PurgeRequest): Promise<void> {
  const { environment, regions, environments, isDeleting, isConfirmed, force } = request;
  const { includeUnproven } = request;
  const leftovers = await inEachRegion(session, regions, async (region) =>
    findLeftovers(await aws.ecr(region), environment, region, environments, includeUnproven),
  );
  const rules = leftovers.flatMap(({ region, result }) =>
    result.rules.map((prefix) => ({ region, prefix })),
  );
  const repositories = leftovers.flatMap(({ result }) => result.repositories);
  const found = repositories.filter(({ status }) => status === "found").length;

  if (!isDeleting || found === 0) {
    print(session, request, rules, repositories);
    session.stderr.write(hint(request, rules, found));
    return;
  }
  if (rules.length > 0 && !force) {
    throw new UserError(
      `environment ${environment.name} still has the rules ${describeRules(rules)}, whose pulls create repositories again. Run npx cdktf destroy ${environment.name} first, or use --force`,
    );
  }
  if (!isConfirmed) {
    if (!request.json) print(session, request, rules, repositories);
    await confirm(session, environment.name, `${repositoriesOf(found)} in ${regions.join(", ")}`);
  }

  const progress = new Progress(session.stderr);
  let deleted = 0;
  const onDone = () => {
    deleted += 1;
    progress.update(() => `${formatCount(deleted)} of ${formatCount(found)} repositories deleted`);
  };
  const ends = await inEachRegion(
    session,
    leftovers.map(({ region }) => region),
    async (region) => {
      const own = repositories.filter((one) => one.region === region);
      return deleteLeftovers(await aws.ecr(region), own, explainError, onDone);
    },
  ).finally(() => progress.clear());
  const results = ends.flatMap(({ result }) => result);
  print(session, request, rules, results);
  const failed = results.filter(({ status }) => status === "failed");
  for (const { region, repository, reason } of failed) {
    session.stderr.write(`ecr-cache: ${repository} in ${region}: ${reason}\n`);
  }
  if (failed.length > 0) session.exitCode = 2;
  session.stderr.write(
    `${repositoriesOf(found - failed.length)} deleted${failed.length > 0 ? `, ${formatCount(failed.length)} not` : ""}.\n`,
  );
}

function print(
  session: Session,
  { environment, regions, json }: PurgeRequest,
  rules: readonly ExistingRule[],
  repositories: readonly LeftRepository[],
): void {
  if (json) {
    const output: PurgeJson = {
      environment: environment.name,
      account: environment.account,
      regions,
      rules,
      repositories: repositories.map((one) => ({
        ...one,
        createdAt: one.createdAt?.toISOString() ?? null,
      })),
    };
    printJson(session, output);
    return;
  }
  if (repositories.length > 0) printTable(session, withRegion(regions, columns), repositories);
  const kept = repositories.filter(({ status }) => status === "kept");
  for (const group of groupBy(kept, ({ reason }) => reason ?? "")) {
    session.stderr.write(`${repositoriesOf(group.length)} kept: ${group[0]!.reason}.\n`);
  }
}

function hint(
  { environment, regions, isDeleting }: PurgeRequest,
  rules: readonly ExistingRule[],
  found: number,
): string {
  const { name } = environment;
  if (found === 0) return `Environment ${name} has no repositories in ${regions.join(", ")}.\n`;
  const how = `ecr-cache purge --env ${name}${regions.length > 1 ? "" : ` --region ${regions[0]}`} --yes`;
  const existing =
    rules.length > 0
      ? `The rules ${describeRules(rules)} still exist: run npx cdktf destroy ${name} first.\n`
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
