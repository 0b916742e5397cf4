import { defineEnvironment, type EnvironmentInput } from "../../ecr/environment";
import { ownershipOf, ownPrefixOf } from "../../registry/ownership";

const environment = (name: string, change: Partial<EnvironmentInput> = {}) =>
  defineEnvironment({
    name,
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay", prefix: "quay/team" }],
    ...change,
  });

const own = environment("own", { rules: [{ upstream: "quay" }] });

describe("a repository under a prefix of ours and a longer one of another environment", () => {
  const ownerOf = (other: ReturnType<typeof environment>) =>
    ownPrefixOf(ownershipOf(own, "us-east-1", [own, other]), "quay/team/app");

  test("is the other's in the same registry", () => {
    expect(ownerOf(environment("other"))).toBeUndefined();
  });

  test("is ours where the other is in another account", () => {
    expect(ownerOf(environment("other", { account: "222222222222" }))).toBe("quay");
  });

  test("is ours where the other is in another region", () => {
    expect(ownerOf(environment("other", { regions: ["eu-west-1"] }))).toBe("quay");
  });
});

test("a repository under a rule that nobody has in a file is the rule's", () => {
  const ownership = ownershipOf(own, "us-east-1", [own], ["quay/", "quay/by-hand/"]);
  expect(ownPrefixOf(ownership, "quay/by-hand/app")).toBeUndefined();
  expect(ownPrefixOf(ownership, "quay/by-handy/app")).toBe("quay");
});
