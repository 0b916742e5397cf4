import { defineEnvironment, type EnvironmentInput } from "../../../ecr/environment";
import type { MaintenanceInput } from "../../../ecr/environment/maintenance";
import { userErrorOf } from "../../support/user-error";

const define = (maintenance: unknown, change: object = {}) =>
  defineEnvironment({
    name: "prod",
    account: "111111111111",
    regions: ["us-east-1", "eu-west-1"],
    rules: [{ upstream: "quay" }],
    maintenance,
    ...change,
  } as EnvironmentInput);

const topic = (region: string) => `arn:aws:sns:${region}:111111111111:alerts`;

describe("maintenance", () => {
  test("maintenance is disabled unless the environment enables it", () => {
    expect(define(undefined)).not.toHaveProperty("maintenance");
  });

  test("maintenance is disabled by `enabled: false`, whatever else is set", () => {
    expect(
      define({ enabled: false, schedule: "rate(1 hour)", existingPolicies: "replace" }),
    ).not.toHaveProperty("maintenance");
  });

  test.each([[{}], [{ enabled: true }], [{ notifications: {} }]])(
    "maintenance has defaults: %j",
    (given) => {
      expect(define(given).maintenance).toEqual({
        schedule: "rate(1 day)",
        existingPolicies: "keep",
        runtime: "nodejs22.x",
        notifications: { emails: [], topicArns: {} },
      });
    },
  );

  test("maintenance accepts every option", () => {
    const input: MaintenanceInput = {
      enabled: true,
      schedule: "cron(0 3 * * ? *)",
      existingPolicies: "replace",
      notifications: {
        emails: ["platform@acme.example", "ops+ecr@acme.example"],
        topicArn: [topic("eu-west-1"), topic("us-east-1")],
      },
    };
    expect(define(input).maintenance).toEqual({
      schedule: "cron(0 3 * * ? *)",
      existingPolicies: "replace",
      runtime: "nodejs22.x",
      notifications: {
        emails: ["platform@acme.example", "ops+ecr@acme.example"],
        topicArns: { "eu-west-1": topic("eu-west-1"), "us-east-1": topic("us-east-1") },
      },
    });
  });

  test.each([
    [">= 6.21.0, < 7.0.0", "nodejs24.x"],
    ["~> 6.28", "nodejs24.x"],
    ["6.21.0", "nodejs24.x"],
    [">= 6.20.0, < 7.0.0", "nodejs22.x"],
    ["~> 6.0, != 6.20.0", "nodejs22.x"],
    ["~> 5.100", "nodejs22.x"],
  ])(
    "maintenance runs on the newest runtime that every provider of %s accepts, %s",
    (awsProviderVersion, runtime) => {
      expect(define({}, { awsProviderVersion }).maintenance).toMatchObject({ runtime });
    },
  );

  test("maintenance accepts one topic where there is one region", () => {
    const { maintenance } = define(
      { notifications: { topicArn: topic("us-east-1") } },
      { regions: ["us-east-1"] },
    );
    expect(maintenance?.notifications.topicArns).toEqual({ "us-east-1": topic("us-east-1") });
  });

  const SCHEDULE =
    'a schedule expression of EventBridge, such as "rate(1 day)" or "cron(0 3 * * ? *)" (UTC)';
  const TOPIC =
    "a topic's ARN, arn:PARTITION:sns:REGION:ACCOUNT:NAME, and not a FIFO topic: alarms and e-mails take none";
  const wrong: [unknown, string][] = [
    [
      true,
      "maintenance: found true; allowed: { schedule, existingPolicies, notifications, enabled }, or {} for the defaults",
    ],
    [{ enabled: "no" }, 'maintenance.enabled: found "no"; allowed: true or false'],
    [{ schedule: "daily" }, `maintenance.schedule: found "daily"; allowed: ${SCHEDULE}`],
    [{ schedule: 24 }, `maintenance.schedule: found 24; allowed: ${SCHEDULE}`],
    [
      { existingPolicies: "merge" },
      'maintenance.existingPolicies: found "merge"; allowed: "keep" or "replace"',
    ],
    [
      { retention: 10 },
      "maintenance.retention: found an unknown key; allowed: enabled, schedule, existingPolicies, notifications",
    ],
    [
      { notifications: [] },
      "maintenance.notifications: found an empty list; allowed: { emails: […], topicArn: … }",
    ],
    [
      { notifications: { emails: "a@b.example" } },
      'maintenance.notifications.emails: found "a@b.example"; allowed: a list of e-mail addresses',
    ],
    [
      { notifications: { emails: ["a@b.example", "ops"] } },
      'maintenance.notifications.emails[1]: found "ops"; allowed: an e-mail address',
    ],
    [
      { notifications: { emails: ["${path}@b.example"] } },
      'maintenance.notifications.emails[0]: found "${path}@b.example"; allowed: an e-mail address',
    ],
    [
      { notifications: { emails: ["a@b.example", "A@b.example"] } },
      'maintenance.notifications.emails[1]: found "A@b.example" again; allowed: each address once',
    ],
    [
      { notifications: { slack: "#ops" } },
      "maintenance.notifications.slack: found an unknown key; allowed: emails, topicArn",
    ],
    [
      { notifications: { topicArn: "alerts" } },
      `maintenance.notifications.topicArn: found "alerts"; allowed: ${TOPIC}`,
    ],
    [
      { notifications: { topicArn: [] } },
      `maintenance.notifications.topicArn: found an empty list; allowed: ${TOPIC}`,
    ],
    [
      { notifications: { topicArn: [`${topic("us-east-1")}.fifo`] } },
      `maintenance.notifications.topicArn[0]: found "${topic("us-east-1")}.fifo"; allowed: ${TOPIC}`,
    ],
    [
      { notifications: { topicArn: topic("us-east-1") } },
      "maintenance.notifications.topicArn: found a topic in us-east-1; allowed: one topic in each region, where its alarms are: eu-west-1, us-east-1",
    ],
    [
      { notifications: { topicArn: [topic("us-east-1"), topic("us-east-1")] } },
      "maintenance.notifications.topicArn: found topics in us-east-1, us-east-1; allowed: one topic in each region, where its alarms are: eu-west-1, us-east-1",
    ],
  ];
  test.each(wrong)("the maintenance %j is refused in one line", (maintenance, line) => {
    expect(userErrorOf(() => define(maintenance))).toBe(`environment prod: ${line}`);
  });

  test("wrong maintenance is refused even while it is disabled", () => {
    expect(userErrorOf(() => define({ enabled: false, schedule: "daily" }))).toContain(
      "maintenance.schedule",
    );
  });

  test("all problems of maintenance are reported together, with those of other fields", () => {
    const message = userErrorOf(() =>
      define({ schedule: "daily", existingPolicies: "merge" }, { account: "1" }),
    );
    expect(message.split("\n").map((line) => line.split(": ")[1])).toEqual([
      "account",
      "maintenance.schedule",
      "maintenance.existingPolicies",
    ]);
  });

  test("maintenance needs one of the 50 tags of a repository for its marker", () => {
    const tags = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${index}`, "x"]));
    expect(() => define({}, { tags: tags(49) })).not.toThrow();
    expect(() => define(undefined, { tags: tags(50) })).not.toThrow();
    expect(() => define({ enabled: false }, { tags: tags(50) })).not.toThrow();
    expect(userErrorOf(() => define({}, { tags: tags(50) }))).toBe(
      "environment prod: tags: found 50 tags; allowed: at most 49 with maintenance, which needs one of a repository's 50 for itself",
    );
  });
});

const wrongTypes: MaintenanceInput[] = [
  // @ts-expect-error No schedule of EventBridge begins so.
  { schedule: "daily" },
  // @ts-expect-error Either keep or replace.
  { existingPolicies: "merge" },
  // @ts-expect-error A list of addresses.
  { notifications: { emails: "a@b.example" } },
  // @ts-expect-error No such option.
  { topicArn: "arn:aws:sns:us-east-1:111111111111:alerts" },
];

test.each(wrongTypes)(
  "maintenance that the compiler refuses is refused at synthesis too: %j",
  (maintenance) => {
    expect(() => define(maintenance)).toThrow("maintenance");
  },
);
