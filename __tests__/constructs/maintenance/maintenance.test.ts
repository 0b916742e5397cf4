import { Testing } from "cdktf";
import { buildSync } from "esbuild";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment, EnvironmentInput } from "../../../ecr/environment";
import { bundleLambda } from "../../../reconcile/lambda/bundle";
import { isReconcileAllEvent } from "../../../reconcile/lambda/events";
import { CacheStack } from "../../../stacks/cache-stack";
import { anEnvironment, Template } from "../../support/template";
import { inTemporaryDirectory } from "../../support/temporary-directory";

/** An environment with maintenance in two regions. */
function maintained(change: Partial<EnvironmentInput> = {}): Environment {
  return anEnvironment({
    name: "prod",
    regions: ["us-east-1", "eu-west-1"],
    rules: [
      { upstream: "docker-hub", credential: { username: "acme-bot" } },
      { upstream: "quay", prefix: "mirrors/quay.io" },
    ],
    maintenance: { notifications: { emails: ["ops@acme.example"] } },
    ...change,
  });
}

const template = Template.ofCache(maintained());
const oneRegion = (change: Partial<EnvironmentInput> = {}) =>
  Template.ofCache(maintained({ regions: ["us-east-1"], ...change }));

interface Statement {
  readonly Sid: string;
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

const statementsOf = (address: string) =>
  (template.document(address, "policy") as { Statement: readonly Statement[] }).Statement;

const MAINTENANCE_TYPES = {
  aws_cloudwatch_dashboard: 1,
  aws_cloudwatch_event_rule: 6,
  aws_cloudwatch_event_target: 6,
  aws_cloudwatch_log_group: 4,
  aws_cloudwatch_metric_alarm: 12,
  aws_iam_role: 4,
  aws_iam_role_policy: 4,
  aws_lambda_function: 4,
  aws_lambda_function_event_invoke_config: 4,
  aws_lambda_permission: 6,
  aws_sns_topic: 2,
  aws_sns_topic_policy: 2,
  aws_sns_topic_subscription: 2,
  aws_sqs_queue: 2,
  aws_sqs_queue_policy: 2,
};

describe("an environment", () => {
  it("has no trace of maintenance unless it asks for it", () => {
    for (const maintenance of [undefined, { enabled: false }]) {
      const without = Template.ofCache(maintained({ maintenance }));
      for (const type of Object.keys(MAINTENANCE_TYPES)) {
        expect(without.resourceCounts).not.toHaveProperty(type);
      }
      expect(without.outputs).not.toHaveProperty("maintenance_topic_arns");
    }
  });

  it("has all of it in each region, and one dashboard", () => {
    expect(template.resourceCounts).toEqual({
      ...Template.ofCache(maintained({ maintenance: undefined })).resourceCounts,
      ...MAINTENANCE_TYPES,
    });
  });

  it("names what it makes by region and part, never by a place in a list", () => {
    const names = template.addresses.filter((address) =>
      /(lambda|event|alarm|sqs|sns|log_group|dashboard|iam_role)/.test(address),
    );
    expect(names.filter((name) => !name.includes("eu-west-1"))).toEqual([
      "aws_cloudwatch_dashboard.maintenance",
      "aws_cloudwatch_event_rule.us-east-1_failed",
      "aws_cloudwatch_event_rule.us-east-1_pulled",
      "aws_cloudwatch_event_rule.us-east-1_schedule",
      "aws_cloudwatch_event_target.us-east-1_failed",
      "aws_cloudwatch_event_target.us-east-1_pulled",
      "aws_cloudwatch_event_target.us-east-1_schedule",
      "aws_cloudwatch_log_group.us-east-1_notify",
      "aws_cloudwatch_log_group.us-east-1_reconcile",
      "aws_cloudwatch_metric_alarm.us-east-1_dead-letters",
      "aws_cloudwatch_metric_alarm.us-east-1_notify-errors",
      "aws_cloudwatch_metric_alarm.us-east-1_notify-throttles",
      "aws_cloudwatch_metric_alarm.us-east-1_reconcile-errors",
      "aws_cloudwatch_metric_alarm.us-east-1_reconcile-throttles",
      "aws_cloudwatch_metric_alarm.us-east-1_repositories-failed",
      "aws_iam_role.maintenance_us-east-1_notify",
      "aws_iam_role.maintenance_us-east-1_reconcile",
      "aws_iam_role_policy.maintenance_us-east-1_notify",
      "aws_iam_role_policy.maintenance_us-east-1_reconcile",
      "aws_lambda_function.us-east-1_notify",
      "aws_lambda_function.us-east-1_reconcile",
      "aws_lambda_function_event_invoke_config.us-east-1_notify",
      "aws_lambda_function_event_invoke_config.us-east-1_reconcile",
      "aws_lambda_permission.us-east-1_failed",
      "aws_lambda_permission.us-east-1_pulled",
      "aws_lambda_permission.us-east-1_schedule",
      "aws_sns_topic.us-east-1",
      "aws_sns_topic_policy.us-east-1",
      "aws_sns_topic_subscription.us-east-1_ops_x40_acme_-example",
      "aws_sqs_queue.us-east-1_dead-letters",
      "aws_sqs_queue_policy.us-east-1_dead-letters",
    ]);
    const turned = Template.ofCache(maintained({ regions: ["eu-west-1", "us-east-1"] }));
    expect(turned.addresses).toEqual(template.addresses);
  });

  it("keeps each region to itself", () => {
    const providerOf = (address: string) => template.resource(address).provider;
    const regional = Object.keys(MAINTENANCE_TYPES).flatMap((type) =>
      Object.keys(template.resources(type)).map((name) => ({ name, address: `${type}.${name}` })),
    );
    for (const region of ["us-east-1", "eu-west-1"]) {
      const own = regional.filter(({ name }) => name.includes(region));
      expect(own).toHaveLength(30);
      expect(new Set(own.map(({ address }) => providerOf(address)))).toEqual(
        new Set([`aws.${region}`]),
      );
    }
    expect(providerOf("aws_cloudwatch_dashboard.maintenance")).toBe("aws.us-east-1");
  });

  it("says in an output which topics tell of it", () => {
    expect(template.outputs.maintenance_topic_arns?.value).toEqual({
      "eu-west-1": "arn:aws:sns:eu-west-1:111111111111:ecr-cache-prod",
      "us-east-1": "arn:aws:sns:us-east-1:111111111111:ecr-cache-prod",
    });
  });
});

describe("the reconcile function", () => {
  it("runs the bundled code, with the environment's prefixes", () => {
    expect(template.resource("aws_lambda_function.us-east-1_reconcile")).toEqual({
      architectures: ["arm64"],
      depends_on: [
        "aws_cloudwatch_log_group.us-east-1_reconcile",
        "aws_iam_role_policy.maintenance_us-east-1_reconcile",
      ],
      description: "Applies creation templates to existing cached repositories",
      environment: {
        variables: {
          ENVIRONMENT: "prod",
          PREFIXES: "docker-hub,mirrors/quay.io",
          EXISTING_POLICIES: "keep",
        },
      },
      filename: expect.stringMatching(/^assets\/.*\/maintenance\.zip$/) as unknown,
      function_name: "ecr-cache-prod-reconcile",
      handler: "index.handler",
      memory_size: 512,
      provider: "aws.us-east-1",
      reserved_concurrent_executions: 2,
      role: "${aws_iam_role.maintenance_us-east-1_reconcile.arn}",
      runtime: "nodejs22.x",
      source_code_hash: bundleLambda().hash,
      timeout: 900,
    });
    const replacing = oneRegion({ maintenance: { existingPolicies: "replace" } });
    expect(replacing.resource("aws_lambda_function.us-east-1_reconcile").environment).toMatchObject(
      { variables: { EXISTING_POLICIES: "replace" } },
    );
  });

  it("may read the registry and the settings of the environment's repositories, and no more", () => {
    const repositories = [
      "arn:aws:ecr:us-east-1:111111111111:repository/docker-hub/*",
      "arn:aws:ecr:us-east-1:111111111111:repository/mirrors/quay.io/*",
    ];
    expect(
      template.document("aws_iam_role_policy.maintenance_us-east-1_reconcile", "policy"),
    ).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "ReadRegistry",
          Effect: "Allow",
          Action: ["ecr:DescribePullThroughCacheRules", "ecr:DescribeRepositoryCreationTemplates"],
          Resource: "*",
        },
        {
          Sid: "ListRepositories",
          Effect: "Allow",
          Action: "ecr:DescribeRepositories",
          Resource: "arn:aws:ecr:us-east-1:111111111111:repository/*",
        },
        {
          Sid: "FollowTemplates",
          Effect: "Allow",
          Action: [
            "ecr:DeleteLifecyclePolicy",
            "ecr:DeleteRepositoryPolicy",
            "ecr:GetLifecyclePolicy",
            "ecr:GetRepositoryPolicy",
            "ecr:ListTagsForResource",
            "ecr:PutImageTagMutability",
            "ecr:PutLifecyclePolicy",
            "ecr:SetRepositoryPolicy",
            "ecr:TagResource",
          ],
          Resource: repositories,
        },
        {
          Sid: "RemoveMarkerTag",
          Effect: "Allow",
          Action: "ecr:UntagResource",
          Resource: repositories,
          Condition: { "ForAllValues:StringEquals": { "aws:TagKeys": ["ecr-cache:applied"] } },
        },
        {
          Sid: "InvokeSelf",
          Effect: "Allow",
          Action: "lambda:InvokeFunction",
          Resource: "arn:aws:lambda:us-east-1:111111111111:function:ecr-cache-prod-reconcile",
        },
        {
          Sid: "WriteLog",
          Effect: "Allow",
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource:
            "arn:aws:logs:us-east-1:111111111111:log-group:/aws/lambda/ecr-cache-prod-reconcile:*",
        },
        {
          Sid: "SendToDeadLetterQueue",
          Effect: "Allow",
          Action: "sqs:SendMessage",
          Resource: "arn:aws:sqs:us-east-1:111111111111:ecr-cache-prod-dead-letters",
        },
      ],
    });
  });
});

describe("the notify function", () => {
  it("runs the same code one at a time, with the topic", () => {
    expect(template.resource("aws_lambda_function.eu-west-1_notify")).toMatchObject({
      filename: template.resource("aws_lambda_function.us-east-1_reconcile").filename,
      handler: "index.notify",
      reserved_concurrent_executions: 1,
      timeout: 30,
      environment: {
        variables: {
          ENVIRONMENT: "prod",
          TOPIC_ARN: "arn:aws:sns:eu-west-1:111111111111:ecr-cache-prod",
        },
      },
    });
  });

  it("may publish to the topic, and nothing of ECR", () => {
    expect(template.document("aws_iam_role_policy.maintenance_eu-west-1_notify", "policy")).toEqual(
      {
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "PublishNotifications",
            Effect: "Allow",
            Action: "sns:Publish",
            Resource: "arn:aws:sns:eu-west-1:111111111111:ecr-cache-prod",
          },
          {
            Sid: "WriteLog",
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
            Resource:
              "arn:aws:logs:eu-west-1:111111111111:log-group:/aws/lambda/ecr-cache-prod-notify:*",
          },
          {
            Sid: "SendToDeadLetterQueue",
            Effect: "Allow",
            Action: "sqs:SendMessage",
            Resource: "arn:aws:sqs:eu-west-1:111111111111:ecr-cache-prod-dead-letters",
          },
        ],
      },
    );
  });
});

describe("the functions' roles", () => {
  const roles = Object.keys(template.resources("aws_iam_role_policy"));

  it("are taken on by Lambda only", () => {
    for (const role of roles) {
      expect(template.document(`aws_iam_role.${role}`, "assume_role_policy")).toEqual({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "lambda.amazonaws.com" },
            Action: "sts:AssumeRole",
          },
        ],
      });
    }
  });

  it("have no action with a wildcard, and every resource but for two unscopable reads", () => {
    const statements = roles.flatMap((role) => [...statementsOf(`aws_iam_role_policy.${role}`)]);
    expect(
      statements.flatMap(({ Action }) => Action).filter((action) => action.includes("*")),
    ).toEqual([]);
    expect([
      ...new Set(
        statements.filter(({ Resource }) => Resource === "*").flatMap(({ Action }) => Action),
      ),
    ]).toEqual(["ecr:DescribePullThroughCacheRules", "ecr:DescribeRepositoryCreationTemplates"]);
  });

  it("can't touch images, repositories as such, secrets or other roles", () => {
    const actions = roles.flatMap((role) =>
      statementsOf(`aws_iam_role_policy.${role}`).flatMap(({ Action }) => Action),
    );
    expect(
      actions.filter((action) =>
        /^(iam|secretsmanager|kms|s3):|Image$|DeleteRepository$|CreateRepository|BatchDelete|Upload|Registry/.test(
          action,
        ),
      ),
    ).toEqual([]);
  });

  it("have names that differ by region and that IAM takes, however long the environment's is", () => {
    const long = Template.ofCache(
      maintained({
        name: "an-environment-with-a-long-name0",
        regions: ["ap-southeast-1", "ap-southeast-2"],
      }),
    );
    const names = Object.values(long.resources("aws_iam_role")).map(({ name }) => String(name));
    expect(new Set(names).size).toBe(4);
    expect(names.filter((name) => name.length > 64)).toEqual([]);
  });

  it("are scoped to the partition of the region", () => {
    const partition = Template.ofCache(
      maintained({ regions: ["eusc-de-east-1"], maintenance: {} }),
    );
    const policy = String(
      partition.resource("aws_iam_role_policy.maintenance_eusc-de-east-1_reconcile").policy,
    );
    expect(policy).toContain(
      "arn:aws-eusc:ecr:eusc-de-east-1:111111111111:repository/docker-hub/*",
    );
    expect(policy).not.toContain("arn:aws:");
  });
});

describe("the code", () => {
  it("is written beside the stack's Terraform, the same bytes each time", () => {
    const synthesize = (outdir: string) => {
      const app = Testing.app({ outdir });
      new CacheStack(app, maintained());
      app.synth();
      const directory = join(outdir, "stacks", "prod");
      const text = readFileSync(join(directory, "cdk.tf.json"), "utf8");
      const { resource } = JSON.parse(text) as {
        resource: {
          aws_lambda_function: Record<string, { filename: string; source_code_hash: string }>;
        };
      };
      const { filename, source_code_hash } = resource.aws_lambda_function["us-east-1_reconcile"]!;
      return { filename, source_code_hash, content: readFileSync(join(directory, filename)) };
    };
    const first = inTemporaryDirectory(synthesize);
    const second = inTemporaryDirectory(synthesize);
    expect(first).toEqual(second);
    expect(createHash("sha256").update(first.content).digest("base64")).toBe(
      first.source_code_hash,
    );
  });
});

describe("the logs and failed events", () => {
  it("are kept for 30 and 14 days", () => {
    expect(template.resource("aws_cloudwatch_log_group.us-east-1_notify")).toMatchObject({
      name: "/aws/lambda/ecr-cache-prod-notify",
      retention_in_days: 30,
    });
    expect(template.resource("aws_sqs_queue.us-east-1_dead-letters")).toEqual({
      message_retention_seconds: 1_209_600,
      name: "ecr-cache-prod-dead-letters",
      provider: "aws.us-east-1",
      sqs_managed_sse_enabled: true,
    });
  });

  it("of events that a function failed at three times go to the queue", () => {
    for (const name of ["reconcile", "notify"]) {
      expect(
        template.resource(`aws_lambda_function_event_invoke_config.us-east-1_${name}`),
      ).toEqual({
        destination_config: {
          on_failure: { destination: "${aws_sqs_queue.us-east-1_dead-letters.arn}" },
        },
        function_name: `\${aws_lambda_function.us-east-1_${name}.function_name}`,
        maximum_event_age_in_seconds: 21_600,
        maximum_retry_attempts: 2,
        provider: "aws.us-east-1",
      });
    }
  });

  it("may be put into the queue by the environment's own rules only", () => {
    const rule = (name: string) =>
      `arn:aws:events:us-east-1:111111111111:rule/ecr-cache-prod-${name}`;
    expect(template.document("aws_sqs_queue_policy.us-east-1_dead-letters", "policy")).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "EventBridgeDeadLetters",
          Effect: "Allow",
          Principal: { Service: "events.amazonaws.com" },
          Action: "sqs:SendMessage",
          Resource: "arn:aws:sqs:us-east-1:111111111111:ecr-cache-prod-dead-letters",
          Condition: {
            ArnEquals: { "aws:SourceArn": [rule("pulled"), rule("failed"), rule("schedule")] },
          },
        },
      ],
    });
  });
});

describe("what sets the functions off", () => {
  const pattern = (of: Template, name: string) =>
    JSON.parse(
      String(of.resource(`aws_cloudwatch_event_rule.us-east-1_${name}`).event_pattern),
    ) as {
      detail: Record<string, unknown>;
    };
  const ownRepositories = [{ prefix: "docker-hub/" }, { prefix: "mirrors/quay.io/" }];

  it("is a pull that succeeded, for the reconcile function", () => {
    expect(pattern(template, "pulled")).toEqual({
      source: ["aws.ecr"],
      "detail-type": ["ECR Pull Through Cache Action"],
      detail: { "sync-status": ["SUCCESS"], "repository-name": ownRepositories },
    });
  });

  it("is a pull that did not, however that is called, for the notify function", () => {
    expect(pattern(template, "failed")).toEqual({
      source: ["aws.ecr"],
      "detail-type": ["ECR Pull Through Cache Action"],
      detail: {
        "sync-status": [{ "anything-but": ["SUCCESS"] }],
        "repository-name": ownRepositories,
      },
    });
  });

  it("is every pull of the registry with ROOT, or with more prefixes than a pattern takes", () => {
    const root = oneRegion({ rules: [{ upstream: "quay", prefix: "ROOT" }, { upstream: "k8s" }] });
    expect(pattern(root, "pulled").detail).toEqual({ "sync-status": ["SUCCESS"] });

    const rules = (count: number): EnvironmentInput["rules"] =>
      Array.from({ length: count }, (_, index) => ({
        upstream: "quay",
        prefix: `a-rather-long-prefix-of-30-c${index + 10}`,
      }));
    expect(
      pattern(oneRegion({ rules: rules(30) }), "pulled").detail["repository-name"],
    ).toHaveLength(30);
    expect(pattern(oneRegion({ rules: rules(50) }), "pulled").detail).toEqual({
      "sync-status": ["SUCCESS"],
    });
  });

  it("is the schedule, with the event that asks for a run through all repositories", () => {
    expect(template.resource("aws_cloudwatch_event_rule.us-east-1_schedule")).toMatchObject({
      name: "ecr-cache-prod-schedule",
      schedule_expression: "rate(1 day)",
    });
    const nightly = oneRegion({ maintenance: { schedule: "cron(0 3 * * ? *)" } });
    expect(
      nightly.resource("aws_cloudwatch_event_rule.us-east-1_schedule").schedule_expression,
    ).toBe("cron(0 3 * * ? *)");
    const { input } = template.resource("aws_cloudwatch_event_target.us-east-1_schedule");
    expect(isReconcileAllEvent(JSON.parse(String(input)))).toBe(true);
  });

  it.each([
    ["pulled", "reconcile"],
    ["failed", "notify"],
    ["schedule", "reconcile"],
  ])("may do so, and loses nothing: %s", (rule, target) => {
    const lambda = `aws_lambda_function.us-east-1_${target}`;
    expect(template.resource(`aws_cloudwatch_event_target.us-east-1_${rule}`)).toMatchObject({
      arn: `\${${lambda}.arn}`,
      dead_letter_config: { arn: "${aws_sqs_queue.us-east-1_dead-letters.arn}" },
      depends_on: [`aws_lambda_permission.us-east-1_${rule}`],
      rule: `\${aws_cloudwatch_event_rule.us-east-1_${rule}.name}`,
    });
    expect(template.resource(`aws_lambda_permission.us-east-1_${rule}`)).toMatchObject({
      action: "lambda:InvokeFunction",
      function_name: `\${${lambda}.function_name}`,
      principal: "events.amazonaws.com",
      source_arn: `\${aws_cloudwatch_event_rule.us-east-1_${rule}.arn}`,
    });
  });
});

describe("the topic", () => {
  it("is the environment's own, which its alarms may publish to", () => {
    expect(template.resource("aws_sns_topic.us-east-1")).toEqual({
      display_name: "ECR cache prod",
      name: "ecr-cache-prod",
      provider: "aws.us-east-1",
    });
    expect(template.document("aws_sns_topic_policy.us-east-1", "policy")).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Sid: "AllowAlarmsToPublish",
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: "arn:aws:sns:us-east-1:111111111111:ecr-cache-prod",
          Condition: { StringEquals: { "aws:SourceAccount": "111111111111" } },
        },
      ],
    });
  });

  it("has the environment's e-mail addresses subscribed in each region", () => {
    expect(template.resource("aws_sns_topic_subscription.eu-west-1_ops_x40_acme_-example")).toEqual(
      {
        endpoint: "ops@acme.example",
        protocol: "email",
        provider: "aws.eu-west-1",
        topic_arn: "${aws_sns_topic.eu-west-1.arn}",
      },
    );
    expect(oneRegion({ maintenance: {} }).resourceCounts).not.toHaveProperty(
      "aws_sns_topic_subscription",
    );
  });

  it("is one that exists where the environment names it: then none is made, nor its policy touched", () => {
    const topicArn = "arn:aws:sns:us-east-1:222222222222:alerts";
    const existing = oneRegion({
      maintenance: { notifications: { topicArn, emails: ["ops@acme.example"] } },
    });
    expect(existing.resourceCounts).not.toHaveProperty("aws_sns_topic");
    expect(existing.resourceCounts).not.toHaveProperty("aws_sns_topic_policy");
    expect(
      existing.resource("aws_sns_topic_subscription.us-east-1_ops_x40_acme_-example").topic_arn,
    ).toBe(topicArn);
    expect(
      existing.resource("aws_cloudwatch_metric_alarm.us-east-1_dead-letters").alarm_actions,
    ).toEqual([topicArn]);
    expect(existing.resource("aws_lambda_function.us-east-1_notify").environment).toMatchObject({
      variables: { TOPIC_ARN: topicArn },
    });
    expect(
      String(existing.resource("aws_iam_role_policy.maintenance_us-east-1_notify").policy),
    ).toContain(`"Resource":"${topicArn}"`);
    expect(existing.outputs.maintenance_topic_arns?.value).toEqual({ "us-east-1": topicArn });
  });
});

describe("the alarms", () => {
  const alarm = (name: string) =>
    template.resource(`aws_cloudwatch_metric_alarm.us-east-1_${name}`);
  const lambda = (name: string) => ({ FunctionName: `ecr-cache-prod-${name}` });

  it.each([
    ["reconcile-errors", "AWS/Lambda", "Errors", lambda("reconcile"), "Sum", 1],
    ["reconcile-throttles", "AWS/Lambda", "Throttles", lambda("reconcile"), "Sum", 3],
    ["notify-errors", "AWS/Lambda", "Errors", lambda("notify"), "Sum", 1],
    ["notify-throttles", "AWS/Lambda", "Throttles", lambda("notify"), "Sum", 3],
    [
      "dead-letters",
      "AWS/SQS",
      "ApproximateNumberOfMessagesVisible",
      { QueueName: "ecr-cache-prod-dead-letters" },
      "Maximum",
      1,
    ],
    [
      "repositories-failed",
      "EcrPullThroughCache",
      "RepositoriesFailed",
      { environment: "prod", service: "ecr-cache-maintenance" },
      "Sum",
      1,
    ],
  ])(
    "watch what they are called: %s",
    (name, namespace, metric, dimensions, statistic, periods) => {
      expect(alarm(name)).toEqual({
        alarm_actions: ["${aws_sns_topic.us-east-1.arn}"],
        alarm_description: expect.stringMatching(
          new RegExp(`\\. docs/maintenance\\.md#${name}$`),
        ) as unknown,
        alarm_name: `ecr-cache-prod-${name}`,
        comparison_operator: "GreaterThanThreshold",
        dimensions,
        evaluation_periods: periods,
        metric_name: metric,
        namespace,
        period: 300,
        provider: "aws.us-east-1",
        statistic,
        threshold: 0,
        treat_missing_data: "notBreaching",
      });
    },
  );

  it("each have a section in the documentation that they point to", () => {
    const documentation = readFileSync(join(__dirname, "../../../docs/maintenance.md"), "utf8");
    const headings = [...documentation.matchAll(/^#+ `?([a-z-]+)`?$/gm)].map(([, name]) => name);
    const names = Object.keys(template.resources("aws_cloudwatch_metric_alarm")).map((name) =>
      name.replace(/^(us-east-1|eu-west-1)_/, ""),
    );
    expect(headings).toEqual(expect.arrayContaining([...new Set(names)]));
  });
});

describe("the dashboard", () => {
  interface Widget {
    readonly type: string;
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
    readonly properties: {
      readonly region?: string;
      readonly title?: string;
      readonly markdown?: string;
      readonly alarms?: readonly string[];
      readonly metrics?: readonly (readonly unknown[])[];
    };
  }
  const widgetsOf = (of: Template): readonly Widget[] =>
    (of.document("aws_cloudwatch_dashboard.maintenance", "dashboard_body") as { widgets: Widget[] })
      .widgets;
  const widgets = widgetsOf(template);
  const titled = (title: string, region = "us-east-1", of = widgets) =>
    of.find(({ properties }) => properties.title === title && properties.region === region)
      ?.properties.metrics;

  it("has a section for each region", () => {
    expect(
      widgets.filter(({ type }) => type === "text").map(({ properties }) => properties.markdown),
    ).toEqual([
      "## ECR pull-through cache prod: us-east-1, account 111111111111",
      "## ECR pull-through cache prod: eu-west-1, account 111111111111",
    ]);
    const half = widgets.length / 2;
    expect(widgets.slice(half).every(({ y }) => y >= widgets[half]!.y)).toBe(true);
  });

  it("shows pulls by prefix, as ECR counts them by repository", () => {
    expect(titled("Pulls by prefix")).toEqual([
      [
        {
          label: "docker-hub",
          expression: `SUM(SEARCH('{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount" RepositoryName=docker-hub', 'Sum', 3600))`,
        },
      ],
      [
        {
          label: "mirrors/quay.io",
          expression: `SUM(SEARCH('{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount" RepositoryName=mirrors/quay.io', 'Sum', 3600))`,
        },
      ],
    ]);
  });

  it("shows failed syncs and what became of repositories, as the functions count them", () => {
    expect(titled("Failed syncs by prefix", "eu-west-1")).toEqual([
      [
        {
          label: "",
          expression: `SEARCH('{EcrPullThroughCache,environment,prefix,service} MetricName="FailedSyncs" environment="prod"', 'Sum', 3600)`,
        },
      ],
    ]);
    const own = ["environment", "prod", "service", "ecr-cache-maintenance"];
    expect(titled("Repositories reconciled with their template")).toEqual([
      ["EcrPullThroughCache", "RepositoriesExamined", ...own, { label: "examined" }],
      ["EcrPullThroughCache", "RepositoriesChanged", ...own, { label: "changed" }],
      ["EcrPullThroughCache", "RepositoriesKept", ...own, { label: "kept" }],
      ["EcrPullThroughCache", "RepositoriesFailed", ...own, { label: "failed" }],
    ]);
  });

  it("shows the registry's repositories and API calls, as AWS counts usage", () => {
    expect(titled("Repositories in the registry")).toEqual([
      [
        {
          label: "repositories",
          expression: `SEARCH('Namespace="AWS/Usage" MetricName="ResourceCount" Service="ECR" Resource="RepositoryCount"', 'Maximum', 3600)`,
        },
      ],
    ]);
    expect(titled("The registry's API calls")).toEqual([
      [
        {
          label: "",
          expression: `SEARCH('Namespace="AWS/Usage" MetricName="CallCount" Service="ECR" Type="API"', 'Sum', 300)`,
        },
      ],
    ]);
  });

  it("shows every alarm", () => {
    const shown = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    const made = ["us-east-1", "eu-west-1"].flatMap((region) =>
      Object.entries(template.resources("aws_cloudwatch_metric_alarm"))
        .filter(([name]) => name.startsWith(region))
        .map(
          ([, { alarm_name }]) =>
            `arn:aws:cloudwatch:${region}:111111111111:alarm:${String(alarm_name)}`,
        ),
    );
    expect([...shown].sort()).toEqual([...made].sort());
  });

  it("lays its widgets out side by side, none over another and none too wide", () => {
    for (const [index, a] of widgets.entries()) {
      expect(a.x + a.width).toBeLessThanOrEqual(24);
      for (const b of widgets.slice(index + 1)) {
        const apart =
          a.x + a.width <= b.x ||
          b.x + b.width <= a.x ||
          a.y + a.height <= b.y ||
          b.y + b.height <= a.y;
        expect(apart).toBe(true);
      }
    }
  });

  it("keeps to what CloudWatch takes with many prefixes: five searches a graph, 1,024 characters each", () => {
    const rules = Array.from({ length: 49 }, (_, index) => ({
      upstream: "quay" as const,
      prefix: `a-rather-long-prefix-of-30-c${index + 10}`,
    }));
    const many = widgetsOf(oneRegion({ rules: [...rules, { upstream: "k8s", prefix: "ROOT" }] }));
    const graphs = many.filter(({ properties }) => properties.title?.startsWith("Pulls by prefix"));
    expect(graphs).toHaveLength(10);
    const searches = graphs.flatMap(({ properties }) => {
      expect(properties.metrics!.length).toBeLessThanOrEqual(5);
      return properties.metrics!.map(([search]) => search as { label: string; expression: string });
    });
    expect(searches).toHaveLength(50);
    expect(searches.filter(({ expression }) => expression.length > 1_024)).toEqual([]);
    expect(searches.at(-1)?.label).toBe("all repositories");
  });

  it("shows under ROOT what is under no other prefix", () => {
    const root = widgetsOf(
      oneRegion({ rules: [{ upstream: "quay", prefix: "ROOT" }, { upstream: "k8s" }] }),
    );
    expect(titled("Pulls by prefix", "us-east-1", root)?.[0]).toEqual([
      {
        label: "everything else (ROOT)",
        expression: `SUM(SEARCH('{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount" NOT RepositoryName=kubernetes', 'Sum', 3600))`,
      },
    ]);
  });
});

it("loads no AWS SDK at synthesis", () => {
  const { metafile } = buildSync({
    absWorkingDir: join(__dirname, "../../.."),
    entryPoints: ["constructs/maintenance/maintenance.ts"],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    packages: "external",
  });
  const loaded = Object.values(metafile.outputs).flatMap(({ imports }) =>
    imports.map(({ path }) => path),
  );
  expect(loaded).toContain("cdktf");
  expect(loaded.filter((path) => /^@(aws-sdk|smithy|aws-lambda-powertools)/.test(path))).toEqual(
    [],
  );
});
