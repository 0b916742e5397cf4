import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { declaredPrefixes } from "../../ecr/environment/declared-prefixes";
import { isCreatedByCache, isProvenOurs, ownershipOf, ownPrefixOf } from "../../registry/ownership";

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
    regions: ["eu-north-1" as const],
    formerRegions: ["us-east-1" as const],
  };
  expect(prefixBeside(other, { repository: "quay/app" })).toBe("quay");
});

test("in a region that an environment has left, a prefix that a neighbour has there now is the neighbour's", () => {
  const other = { rules: [{ upstream: "quay" as const }], regions: ["eu-west-1" as const] };
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

const evidence = { templateTags: new Map<string, string>() };

test("what only ROOT covers is proven to be the cache's by the origin in the marker, and by no other marker", async () => {
  const tags = (marker: string) => () => Promise.resolve(new Map([["ecr-cache:applied", marker]]));
  const isProven = (marker: string) => isProvenOurs("ROOT", tags(marker), evidence);
  expect(await isProven("origin=cache")).toBe(true);
  expect(await isProven("origin=cache lifecycle-policy=0123456789abcdef")).toBe(true);
  for (const marker of [
    "",
    "lifecycle-policy=0123456789abcdef",
    "origin=unknown",
    "origin=cached",
    "x-origin=cache",
  ]) {
    expect(await isProven(marker)).toBe(false);
  }
});

test("what another prefix than ROOT covers needs no proof, and its tags are not read", async () => {
  const readTags = jest.fn(() => Promise.resolve(new Map<string, string>()));
  expect(await isProvenOurs("quay", readTags, evidence)).toBe(true);
  expect(readTags).not.toHaveBeenCalled();
});

test.each([
  ["at once", 0, true],
  ["a second before, by another clock", -1, true],
  ["five minutes later", 300, true],
  ["six minutes later", 360, false],
  ["two minutes before", -120, false],
])(
  "an import reported %s proves that the cache created the repository: %#",
  (_, seconds, expected) => {
    const createdAt = new Date("2026-01-01T00:00:00Z");
    const importedAt = new Date(createdAt.getTime() + seconds * 1_000);
    expect(isCreatedByCache(new Map(), { ...evidence, createdAt, importedAt })).toBe(expected);
  },
);

test("a template without tags proves nothing by them", () => {
  expect(isCreatedByCache(new Map([["team", "a"]]), evidence)).toBe(false);
  expect(isCreatedByCache(new Map(), evidence)).toBe(false);
});
