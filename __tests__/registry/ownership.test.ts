import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { isProvenOurs, ownershipOf, ownPrefixOf } from "../../registry/ownership";

const environment = (name: string, change: Partial<EnvironmentInput> = {}) =>
  defineEnvironment({
    name,
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay", prefix: "quay/team" }],
    ...change,
  });

const own = environment("own", { rules: [{ upstream: "quay" }], formerRegions: ["eu-west-1"] });

/** The own prefix that a repository belongs to beside another environment. */
function prefixBeside(
  other: Partial<EnvironmentInput>,
  { region = "us-east-1", repository = "quay/team/app", existing = [] as string[] } = {},
) {
  const declared = declaredPrefixes(own, region, [own, environment("other", other)]);
  return ownPrefixOf(ownershipOf(declared, existing), repository);
}

test.each([
  ["in the same registry", {}, undefined],
  [
    "in the same registry, in a region that it has left",
    { regions: ["eu-north-1"], formerRegions: ["us-east-1"] },
    undefined,
  ],
  ["in another account", { account: "222222222222" }, "quay"],
  ["in another region", { regions: ["eu-north-1"] }, "quay"],
] as const)(
  "a repository under a longer prefix of an environment %s is that one's if they share the registry",
  (_, other, prefix) => {
    expect(prefixBeside(other as Partial<EnvironmentInput>)).toBe(prefix);
  },
);

test("a prefix of an environment's own wins over the same one that a neighbour has left behind", () => {
  const other = {
    rules: [{ upstream: "quay" as const }],
    regions: ["eu-north-1"],
    formerRegions: ["us-east-1"],
  };
  expect(prefixBeside(other, { repository: "quay/app" })).toBe("quay");
});

test("in a region that an environment has left, a prefix that a neighbour has there now is the neighbour's", () => {
  const other = { rules: [{ upstream: "quay" as const }], regions: ["eu-west-1"] };
  const there = { region: "eu-west-1", repository: "quay/app" };
  expect(prefixBeside(other, there)).toBeUndefined();
  expect(prefixBeside({ regions: ["us-east-1"] }, there)).toBe("quay");
});

test("a repository under a rule that no environment has is that rule's", () => {
  const existing = ["quay/", "quay/by-hand/"];
  const prefixOf = (repository: string) => prefixBeside({}, { repository, existing });
  expect(prefixOf("quay/by-hand/app")).toBeUndefined();
  expect(prefixOf("quay/by-handy/app")).toBe("quay");
});

test("what only ROOT covers is proven to be the cache's by the marker alone, and nothing else needs a proof", async () => {
  const tags = (...keys: string[]) =>
    jest.fn(() => Promise.resolve(new Map(keys.map((key) => [key, ""]))));
  expect(await isProvenOurs("ROOT", tags("team"))).toBe(false);
  expect(await isProvenOurs("ROOT", tags("team", "ecr-cache:applied"))).toBe(true);
  const unread = tags();
  expect(await isProvenOurs("quay", unread)).toBe(true);
  expect(unread).not.toHaveBeenCalled();
});
