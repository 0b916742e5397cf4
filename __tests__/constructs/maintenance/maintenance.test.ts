import { CloudwatchEventRule } from "@cdktf/provider-aws/lib/cloudwatch-event-rule";
import { CloudwatchEventTarget } from "@cdktf/provider-aws/lib/cloudwatch-event-target";
import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { CloudwatchMetricAlarm } from "@cdktf/provider-aws/lib/cloudwatch-metric-alarm";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { LambdaFunction } from "@cdktf/provider-aws/lib/lambda-function";
import { LambdaFunctionEventInvokeConfig } from "@cdktf/provider-aws/lib/lambda-function-event-invoke-config";
import { LambdaPermission } from "@cdktf/provider-aws/lib/lambda-permission";
import { SnsTopic } from "@cdktf/provider-aws/lib/sns-topic";
import { SnsTopicPolicy } from "@cdktf/provider-aws/lib/sns-topic-policy";
import { SnsTopicSubscription } from "@cdktf/provider-aws/lib/sns-topic-subscription";
import { SqsQueue } from "@cdktf/provider-aws/lib/sqs-queue";
import { Testing } from "cdktf";
import "cdktf/lib/testing/adapters/jest";
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

describe("a cache stack with maintenance", () => {
  test("a cache stack has nothing of maintenance unless the environment enables it", () => {
    for (const maintenance of [undefined, { enabled: false }]) {
      const without = Template.ofCache(maintained({ maintenance }));
      for (const type of Object.keys(MAINTENANCE_TYPES)) {
        expect(without.resourceCounts).not.toHaveProperty(type);
      }
      expect(without.outputs).not.toHaveProperty("maintenance_topic_arns");
    }
  });

  test("maintenance creates everything in each region, and one dashboard", () => {
    expect(template.resourceCounts).toEqual({
      ...Template.ofCache(maintained({ maintenance: undefined })).resourceCounts,
      ...MAINTENANCE_TYPES,
    });
  });

  test("the logical ids of maintenance consist of region and part, never of a position in a list", () => {
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

  test("every resource of maintenance has the provider of its region", () => {
    const providerOf = (address: string) => template.resource(address).provider;
    const regional = Object.keys(MAINTENANCE_TYPES).flatMap((type) =>
      Object.keys(template.resources({ tfResourceType: type })).map((name) => ({
        name,
        address: `${type}.${name}`,
      })),
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

  test("an output lists the topic of each region", () => {
    expect(template.outputs.maintenance_topic_arns?.value).toEqual({
      "eu-west-1": "arn:aws:sns:eu-west-1:111111111111:ecr-cache-prod",
      "us-east-1": "arn:aws:sns:us-east-1:111111111111:ecr-cache-prod",
    });
  });
});

describe("the reconcile function", () => {
  test("the reconcile function runs the bundled code, with the environment's prefixes", () => {
    expect(template.text).toHaveResourceWithProperties(LambdaFunction, {
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
    const newer = oneRegion({ awsProviderVersion: "~> 6.28" });
    for (const name of ["reconcile", "notify"]) {
      expect(newer.resource(`aws_lambda_function.us-east-1_${name}`).runtime).toBe("nodejs24.x");
    }
    const replacing = oneRegion({ maintenance: { existingPolicies: "replace" } });
    expect(replacing.resource("aws_lambda_function.us-east-1_reconcile").environment).toMatchObject(
      { variables: { EXISTING_POLICIES: "replace" } },
    );
  });

  test("the reconcile function's role may read the registry and manage the settings of the environment's repositories, and no more", () => {
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
          ],
          Resource: repositories,
        },
        {
          Sid: "SetTemplateTags",
          Effect: "Allow",
          Action: "ecr:TagResource",
          Resource: repositories,
          Condition: {
            "ForAllValues:StringEquals": { "aws:TagKeys": ["ecr-cache:applied"] },
          },
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
  test("the notify function runs the same code one at a time, with the topic", () => {
    expect(template.text).toHaveResourceWithProperties(LambdaFunction, {
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

  test("the notify function's role may publish to the topic, and call nothing of ECR", () => {
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
  const roles = Object.keys(template.resources(IamRolePolicy));

  test("the functions' roles are assumed by Lambda only", () => {
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

  test("the functions' roles have no action with a wildcard, and `*` only for two actions that can't be scoped", () => {
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

  test("the functions' roles can't touch images, repositories as such, secrets or other roles", () => {
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

  test("the functions' roles have names that differ by region and that IAM accepts, however long the environment's is", () => {
    const long = Template.ofCache(
      maintained({
        name: "an-environment-with-a-long-name0",
        regions: ["ap-southeast-1", "ap-southeast-2"],
      }),
    );
    const names = Object.values(long.resources(IamRole)).map(({ name }) => String(name));
    expect(new Set(names).size).toBe(4);
    expect(names.filter((name) => name.length > 64)).toEqual([]);
  });

  test("the functions' policies name resources in the partition of the region", () => {
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
  test("the functions' code is written beside the stack's Terraform, the same bytes each time", () => {
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
  test("logs are kept for 30 days, and unprocessed events for 14", () => {
    expect(template.text).toHaveResourceWithProperties(CloudwatchLogGroup, {
      name: "/aws/lambda/ecr-cache-prod-notify",
      retention_in_days: 30,
    });
    expect(template.text).toHaveResourceWithProperties(SqsQueue, {
      message_retention_seconds: 1_209_600,
      name: "ecr-cache-prod-dead-letters",
      provider: "aws.us-east-1",
      sqs_managed_sse_enabled: true,
    });
  });

  test("an event that a function fails at three times goes to the dead-letter queue", () => {
    for (const name of ["reconcile", "notify"]) {
      expect(template.text).toHaveResourceWithProperties(LambdaFunctionEventInvokeConfig, {
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

  test("only the environment's own triggers may send to the dead-letter queue", () => {
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

describe("the triggers", () => {
  const pattern = (of: Template, name: string) =>
    JSON.parse(
      String(of.resource(`aws_cloudwatch_event_rule.us-east-1_${name}`).event_pattern),
    ) as {
      detail: Record<string, unknown>;
    };
  const ownRepositories = [{ prefix: "docker-hub/" }, { prefix: "mirrors/quay.io/" }];

  test("a pull that succeeded triggers the reconcile function", () => {
    expect(pattern(template, "pulled")).toEqual({
      source: ["aws.ecr"],
      "detail-type": ["ECR Pull Through Cache Action"],
      account: ["111111111111"],
      detail: { "sync-status": ["SUCCESS"], "repository-name": ownRepositories },
    });
  });

  test("a pull with any status but success triggers the notify function", () => {
    expect(pattern(template, "failed")).toEqual({
      source: ["aws.ecr"],
      "detail-type": ["ECR Pull Through Cache Action"],
      account: ["111111111111"],
      detail: {
        "sync-status": [{ "anything-but": ["SUCCESS"] }],
        "repository-name": ownRepositories,
      },
    });
  });

  test("every pull of the registry is a trigger with ROOT, or with more prefixes than a pattern accepts", () => {
    const root = oneRegion({
      rules: [{ upstream: "quay", prefix: "ROOT", allowPublicRoot: true }, { upstream: "k8s" }],
    });
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

  test("the schedule triggers a run through all repositories", () => {
    expect(template.text).toHaveResourceWithProperties(CloudwatchEventRule, {
      name: "ecr-cache-prod-schedule",
      schedule_expression: "rate(1 day)",
    });
    const nightly = oneRegion({ maintenance: { schedule: "cron(0 3 * * ? *)" } });
    expect(nightly.text).toHaveResourceWithProperties(CloudwatchEventRule, {
      name: "ecr-cache-prod-schedule",
      schedule_expression: "cron(0 3 * * ? *)",
    });
    const { input } = template.resource("aws_cloudwatch_event_target.us-east-1_schedule");
    expect(isReconcileAllEvent(JSON.parse(String(input)))).toBe(true);
  });

  test.each([
    ["pulled", "reconcile"],
    ["failed", "notify"],
    ["schedule", "reconcile"],
  ])("the trigger %s may invoke its function, and has a dead-letter queue", (rule, target) => {
    const lambda = `aws_lambda_function.us-east-1_${target}`;
    expect(template.text).toHaveResourceWithProperties(CloudwatchEventTarget, {
      arn: `\${${lambda}.arn}`,
      dead_letter_config: { arn: "${aws_sqs_queue.us-east-1_dead-letters.arn}" },
      depends_on: [`aws_lambda_permission.us-east-1_${rule}`],
      rule: `\${aws_cloudwatch_event_rule.us-east-1_${rule}.name}`,
    });
    expect(template.text).toHaveResourceWithProperties(LambdaPermission, {
      action: "lambda:InvokeFunction",
      function_name: `\${${lambda}.function_name}`,
      principal: "events.amazonaws.com",
      source_arn: `\${aws_cloudwatch_event_rule.us-east-1_${rule}.arn}`,
    });
  });
});

describe("the topic", () => {
  test("the topic is the environment's own, and its alarms may publish to it", () => {
    expect(template.text).toHaveResourceWithProperties(SnsTopic, {
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
          Condition: {
            StringEquals: { "aws:SourceAccount": "111111111111" },
            ArnLike: {
              "aws:SourceArn": "arn:aws:cloudwatch:us-east-1:111111111111:alarm:ecr-cache-prod-*",
            },
          },
        },
      ],
    });
  });

  test("the environment's e-mail addresses are subscribed to the topic of each region", () => {
    for (const region of ["us-east-1", "eu-west-1"]) {
      expect(template.text).toHaveResourceWithProperties(SnsTopicSubscription, {
        endpoint: "ops@acme.example",
        protocol: "email",
        provider: `aws.${region}`,
        topic_arn: `\${aws_sns_topic.${region}.arn}`,
      });
    }
    expect(oneRegion({ maintenance: {} }).text).not.toHaveResource(SnsTopicSubscription);
  });

  test("an existing topic is used where the environment names one, and its policy is left alone", () => {
    const topicArn = "arn:aws:sns:us-east-1:222222222222:alerts";
    const existing = oneRegion({
      maintenance: { notifications: { topicArn, emails: ["ops@acme.example"] } },
    });
    expect(existing.text).not.toHaveResource(SnsTopic);
    expect(existing.text).not.toHaveResource(SnsTopicPolicy);
    expect(existing.text).toHaveResourceWithProperties(SnsTopicSubscription, {
      endpoint: "ops@acme.example",
      topic_arn: topicArn,
    });
    expect(existing.text).toHaveResourceWithProperties(CloudwatchMetricAlarm, {
      alarm_name: "ecr-cache-prod-dead-letters",
      alarm_actions: [topicArn],
    });
    expect(existing.text).toHaveResourceWithProperties(LambdaFunction, {
      handler: "index.notify",
      environment: { variables: { ENVIRONMENT: "prod", TOPIC_ARN: topicArn } },
    });
    expect(
      String(existing.resource("aws_iam_role_policy.maintenance_us-east-1_notify").policy),
    ).toContain(`"Resource":"${topicArn}"`);
    expect(existing.outputs.maintenance_topic_arns?.value).toEqual({ "us-east-1": topicArn });
  });
});

describe("the alarms", () => {
  const lambda = (name: string) => ({ FunctionName: `ecr-cache-prod-${name}` });

  test.each([
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
    "the alarm %s watches its metric",
    (name, namespace, metric, dimensions, statistic, periods) => {
      expect(template.text).toHaveResourceWithProperties(CloudwatchMetricAlarm, {
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

  test("every alarm has a section in docs/maintenance.md, which its description names", () => {
    const documentation = readFileSync(join(__dirname, "../../../docs/maintenance.md"), "utf8");
    const headings = [...documentation.matchAll(/^#+ `?([a-z-]+)`?$/gm)].map(([, name]) => name);
    const names = Object.keys(template.resources(CloudwatchMetricAlarm)).map((name) =>
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

  test("the dashboard has a section for each region", () => {
    expect(
      widgets.filter(({ type }) => type === "text").map(({ properties }) => properties.markdown),
    ).toEqual([
      "## ECR pull-through cache prod: us-east-1, account 111111111111",
      "## ECR pull-through cache prod: eu-west-1, account 111111111111",
    ]);
    const half = widgets.length / 2;
    expect(widgets.slice(half).every(({ y }) => y >= widgets[half]!.y)).toBe(true);
  });

  test("the dashboard shows pulls by prefix, as ECR counts them by repository", () => {
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

  test("the dashboard shows failed syncs and reconciled repositories, as the functions count them", () => {
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

  test("the dashboard shows the registry's repositories and API calls, as AWS counts usage", () => {
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

  test("the dashboard shows every alarm", () => {
    const shown = widgets.flatMap(({ properties }) => properties.alarms ?? []);
    const made = ["us-east-1", "eu-west-1"].flatMap((region) =>
      Object.entries(template.resources(CloudwatchMetricAlarm))
        .filter(([name]) => name.startsWith(region))
        .map(
          ([, { alarm_name }]) =>
            `arn:aws:cloudwatch:${region}:111111111111:alarm:${String(alarm_name)}`,
        ),
    );
    expect([...shown].sort()).toEqual([...made].sort());
  });

  test("no widget of the dashboard overlaps another or is too wide", () => {
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

  test("the dashboard keeps to CloudWatch's limits with many prefixes: five searches a graph, 1,024 characters each", () => {
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

  test("the dashboard shows under ROOT what is under no other prefix", () => {
    const root = widgetsOf(
      oneRegion({
        rules: [{ upstream: "quay", prefix: "ROOT", allowPublicRoot: true }, { upstream: "k8s" }],
      }),
    );
    expect(titled("Pulls by prefix", "us-east-1", root)?.[0]).toEqual([
      {
        label: "everything else (ROOT)",
        expression: `SUM(SEARCH('{AWS/ECR,RepositoryName} MetricName="RepositoryPullCount" NOT RepositoryName=kubernetes', 'Sum', 3600))`,
      },
    ]);
  });
});

test("the maintenance constructs load no AWS SDK", () => {
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
