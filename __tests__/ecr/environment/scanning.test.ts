import { defineEnvironment, type EnvironmentInput } from "../../../ecr/environment";
import { checkEnvironments } from "../../../ecr/environment/conflicts";
import { scanningRules } from "../../../ecr/scanning";
import { userErrorOf } from "../../support/user-error";

const define = (scanning: unknown, change: object = {}) =>
  defineEnvironment({
    name: "prod",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay" }],
    scanning,
    ...change,
  } as EnvironmentInput);

test("an environment leaves the scanning of its registry alone unless it says so", () => {
  expect(define(undefined)).not.toHaveProperty("scanning");
});

test("enhanced scanning is continuous by default, and basic scanning on push", () => {
  expect(define({ type: "ENHANCED" }).scanning).toEqual({
    type: "ENHANCED",
    frequency: "CONTINUOUS",
  });
  expect(define({ type: "BASIC" }).scanning).toEqual({ type: "BASIC", frequency: "ON_PUSH" });
});

test("the rules of a scanning configuration are one for each frequency, with those of others", () => {
  const { scanning } = define({
    type: "ENHANCED",
    otherRules: [
      { frequency: "CONTINUOUS", filters: ["apps/*"] },
      { frequency: "ON_PUSH", filters: ["base"] },
    ],
  });
  expect(scanningRules(scanning!, ["quay", "ROOT"])).toEqual([
    { scanFrequency: "CONTINUOUS_SCAN", filters: ["*", "apps/*", "quay/*"] },
    { scanFrequency: "SCAN_ON_PUSH", filters: ["base"] },
  ]);
});

test.each<[string, unknown, object, string]>([
  ["another type", { type: "CLAIR" }, {}, "scanning.type"],
  ["a continuous basic scan", { type: "BASIC", frequency: "CONTINUOUS" }, {}, "basic scanning"],
  [
    "a continuous basic rule of others",
    { type: "BASIC", otherRules: [{ frequency: "CONTINUOUS", filters: ["a"] }] },
    {},
    "scanning.otherRules[0].frequency",
  ],
  [
    "a filter that the provider refuses",
    { type: "BASIC", otherRules: [{ frequency: "ON_PUSH", filters: ["Apps"] }] },
    {},
    "scanning.otherRules[0].filters[0]",
  ],
  [
    "a filter again",
    { type: "BASIC", otherRules: [{ frequency: "ON_PUSH", filters: ["a", "a"] }] },
    {},
    "a filter once",
  ],
  [
    "more filters than a rule takes",
    {
      type: "BASIC",
      otherRules: [
        { frequency: "ON_PUSH", filters: Array.from({ length: 100 }, (_, at) => `a${at}`) },
      ],
    },
    {},
    "found 101 filters for SCAN_ON_PUSH",
  ],
  ["an adoption of nothing", undefined, { adopt: ["scanning"] }, 'adopt: found "scanning"'],
])("`scanning` refuses %s", (_, scanning, change, message) => {
  expect(userErrorOf(() => define(scanning, change))).toContain(message);
});

test("only one environment of a registry writes its scanning configuration", () => {
  const other = define({ type: "BASIC" }, { name: "lab", rules: [{ upstream: "k8s" }] });
  expect(userErrorOf(() => checkEnvironments([define({ type: "BASIC" }), other]))).toContain(
    "environments prod, lab: scanning: found in each",
  );
});
