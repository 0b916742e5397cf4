import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { backendTypes } from "../../ecr/environment/backend";
import { codeBlocks, type Page, readPage } from "../support/documentation";
import { userErrorOf } from "../support/user-error";

/* What docs/environments.md and docs/maintenance.md say of the options must be what the code takes. */

const environments = readPage("docs/environments.md");
const maintenance = readPage("docs/maintenance.md");

const base: EnvironmentInput = {
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [{ upstream: "docker-hub", credential: { username: "acme-bot" } }],
};
const [rule] = base.rules;

const messages = (input: object) =>
  userErrorOf(() => defineEnvironment(input as EnvironmentInput)).split("\n");

/** The keys that an object of an environment may have, as the message about another one lists them. */
function keysAt(input: object, key = "unheardOf"): string[] {
  const [, keys = ""] =
    messages(input)
      .map((line) => new RegExp(`${key}: found an unknown key; allowed: (.*)$`).exec(line))
      .find((match) => match !== null) ?? [];
  return keys.split(", ").sort();
}

const other = { unheardOf: 1 };

/** The first column of the first table whose heading row starts with a title. */
function options({ text }: Page, title: string, after = ""): string[] {
  const [, table = ""] =
    new RegExp(`\\n\\| ${title} +\\|[^\\n]*\\n\\|[- |]+\\n((?:\\|[^\\n]*\\n)+)`).exec(
      text.slice(text.indexOf(after)),
    ) ?? [];
  return [...table.matchAll(/^\| `([\w.]+)`/gm)].map(([, name]) => name!);
}

/** The keys below a path, or at the top, of options such as `access.roles`. */
function below(names: readonly string[], path: string): string[] {
  const keys = names
    .filter((name) => path === "" || name.startsWith(`${path}.`))
    .map((name) => (path === "" ? name : name.slice(path.length + 1)).split(".")[0]!);
  return [...new Set(keys)].sort();
}

describe("docs/environments.md lists every option", () => {
  const listed = options(environments, "Option", "## The environment");
  const ofRules = options(environments, "Option", "## Rules");

  test("of an environment", () => {
    expect(below(listed, "")).toEqual(keysAt({ ...base, ...other }));
  });

  test("of the access to an environment", () => {
    expect(below(listed, "access")).toEqual(keysAt({ ...base, access: other }));
  });

  test("of a rule", () => {
    expect(below(ofRules, "")).toEqual(keysAt({ ...base, rules: [{ ...rule, ...other }] }));
  });

  test("of a credential", () => {
    const credential = { username: "acme-bot", ...other };
    expect(below(ofRules, "credential")).toEqual(
      keysAt({ ...base, rules: [{ ...rule, credential }] }),
    );
  });
});

describe("docs/maintenance.md lists every option", () => {
  const listed = options(maintenance, "Option");

  test("of maintenance", () => {
    expect(below(listed, "")).toEqual(keysAt({ ...base, maintenance: other }));
  });

  test("of notifications", () => {
    expect(below(listed, "notifications")).toEqual(
      keysAt({ ...base, maintenance: { notifications: other } }),
    );
  });
});

test("docs/environments.md has a row for every backend", () => {
  const [, table = ""] = environments.text.split("\n## Backends\n");
  const rows = [...table.matchAll(/^\| ((?:`[a-z0-9]+`(?:, | \(default\))?)+) +\|/gm)];
  const listed = rows.flatMap(([, cell = ""]) => [...cell.matchAll(/`([a-z0-9]+)`/g)]);
  expect(
    listed
      .map(([, name]) => name)
      .filter((name) => name !== "type")
      .sort(),
  ).toEqual([...backendTypes].sort());
});

test("the messages in docs/environments.md are those about its mistakes", () => {
  const [shown = ""] = codeBlocks(environments, "").map(({ code }) => code);
  const found = messages({
    ...base,
    name: "prod",
    regions: ["us-east-1", "eu-wset-1"],
    rules: [{ upstream: "docker-hub" }],
  });
  for (const line of shown.trim().split("\n")) {
    // What follows an ellipsis is left out.
    const [start = ""] = line.split("…");
    const same = found.filter((message) => message.startsWith(start.replace(/, $/, "")));
    expect({ line, same: same.length }).toEqual({ line, same: 1 });
  }
});
