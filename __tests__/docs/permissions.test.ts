import { defineEnvironment } from "../../ecr/environment";
import { CACHE_ACTIONS, PULL_ACTIONS, templateRolePolicy } from "../../ecr/policies";
import { type KeyUse, repositoryKeyUses, topicKeyUses } from "../../ecr/policies/keys";
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

/** The lists of statements in the page's JSON. */
const lists = codeBlocks(page, "json").map(({ code }) => JSON.parse(code) as unknown);

const prod = defineEnvironment({
  name: "prod",
  account: "222222222222",
  regions: ["us-east-1"],
  rules: [{ upstream: "quay" }],
});

test("docs/permissions.md lists the actions of pullers", () => {
  expect(actionsIn(table("Pullers").join(" ")).sort()).toEqual(
    ["ecr:GetAuthorizationToken", ...PULL_ACTIONS, ...CACHE_ACTIONS].sort(),
  );
});

test("the key policies of docs/permissions.md are those that `verify` looks for", () => {
  const statements = (uses: readonly KeyUse[]) => uses.map(({ statement }) => statement);
  expect(lists).toContainEqual(statements(repositoryKeyUses(prod, "us-east-1")));
  expect(lists).toContainEqual(statements(topicKeyUses(prod, "us-east-1")));
});

test("docs/permissions.md names the actions that the template role has on keys", () => {
  const [, section = ""] = page.text.split("\n## KMS keys\n");
  const role = templateRolePolicy(maximal)?.Statement ?? [];
  const actions = role
    .flatMap(({ Action }) => Action)
    .filter((action) => action.startsWith("kms:"));
  const [intro = ""] = section.split("```");
  expect(actionsIn(intro).sort()).toEqual(actions.sort());
});
