import {
  CACHE_ACTIONS,
  type PolicyDocument,
  PULL_ACTIONS,
  templateRolePolicy,
} from "../../ecr/policies";
import { codeBlocks, readPage } from "../support/documentation";
import { maximal } from "../support/environments";

/* What docs/permissions.md says must be what the code grants and calls. */

const page = readPage("docs/permissions.md");

/** The rows of the table below a heading, as cells. */
function table(heading: string): string[][] {
  const [, section = ""] = page.text.split(`\n## ${heading}\n`);
  const [own = ""] = section.split("\n## ");
  return own
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const actionsIn = (text: string) => [...text.matchAll(/`(\w+:\w+)`/g)].map(([, name]) => name);

const actionsOf = (statements: readonly { readonly Action: string | readonly string[] }[]) =>
  statements.flatMap(({ Action }) => Action);

/** The statements of the page's JSON that have a statement id. */
const statements = codeBlocks(page, "json")
  .map(({ code }) => JSON.parse(code) as PolicyDocument | PolicyDocument["Statement"][number])
  .flatMap((value) => ("Statement" in value ? value.Statement : [value].flat()));

const statement = (id: string) => statements.filter(({ Sid }) => Sid === id);

test("docs/permissions.md lists the actions of pullers", () => {
  expect(actionsIn(table("Pullers").join(" ")).sort()).toEqual(
    ["ecr:GetAuthorizationToken", ...PULL_ACTIONS, ...CACHE_ACTIONS].sort(),
  );
});

test("the key policy of docs/permissions.md allows what the template role is allowed on keys", () => {
  const role = templateRolePolicy(maximal)?.Statement ?? [];
  expect(actionsOf(statement("EncryptCachedRepositories")).sort()).toEqual(
    actionsOf(role)
      .filter((action) => action.startsWith("kms:"))
      .sort(),
  );
});
