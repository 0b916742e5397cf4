import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
} from "@aws-sdk/client-ecr";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { zipSync } from "fflate";
import { pullEventPattern } from "../../constructs/maintenance/triggers";
import { defineEnvironment } from "../../ecr/environment";
import { formatPolicy, notifyPolicy, reconcilePolicy } from "../../ecr/policies";
import { formatPrune } from "../../reconcile/lambda/prune-variable";
import { LAMBDA_HANDLERS } from "../../reconcile/lambda/bundle";
import { callJson } from "../../sandbox/moto-client";
import { findMoto } from "../../sandbox/moto";
import { type Account, ACCOUNT, deploy, startAccount } from "../support/deployed-account";
import { requireOrSkip } from "../support/require-or-skip";

/*
 * Maintenance in the sandbox: the rules, functions and topic that the stack makes, made by the APIs that Terraform calls, and
 * pulls that set them off.
 */

const REGION = "us-east-1";

const environment = defineEnvironment({
  name: "kept",
  account: ACCOUNT,
  regions: [REGION],
  rules: [{ upstream: "quay" }],
  maintenance: {},
  prune: { pullTimeUpdateExclusions: [`arn:aws:iam::${ACCOUNT}:role/scanner`] },
});

requireOrSkip(findMoto(), "maintenance in the sandbox", () => {
  jest.setTimeout(120_000);
  let account: Account;

  const events = async <Output>(action: string, input: object) => {
    const endpoint = { url: account.sandbox.url, account: ACCOUNT };
    const answer = await callJson(endpoint, "events", REGION, `AWSEvents.${action}`, input);
    return { ok: answer.ok, output: JSON.parse(answer.text === "" ? "{}" : answer.text) as Output };
  };

  /** What the stack makes of a function and its trigger. */
  async function addFunction(
    name: "reconcile" | "notify",
    policy: string,
    variables: Readonly<Record<string, string>>,
    rule: object,
    Input?: string,
  ): Promise<void> {
    const iam = account.iam();
    const RoleName = `kept-${name}`;
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: "{}" }));
    await iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument: policy }),
    );
    const lambda = new LambdaClient({ region: REGION });
    const { FunctionArn } = await lambda.send(
      new CreateFunctionCommand({
        FunctionName: RoleName,
        Runtime: "nodejs22.x",
        Handler: LAMBDA_HANDLERS[name],
        Role: `arn:aws:iam::${ACCOUNT}:role/${RoleName}`,
        Timeout: 900,
        Code: { ZipFile: zipSync({ "index.js": new Uint8Array() }) },
        Environment: { Variables: { ENVIRONMENT: "kept", ...variables } },
      }),
    );
    lambda.destroy();
    await events("PutRule", { Name: RoleName, ...rule });
    const Targets = [{ Id: "function", Arn: FunctionArn, ...(Input && { Input }) }];
    expect((await events("PutTargets", { Rule: RoleName, Targets })).ok).toBe(true);
  }

  const pull = async (repositoryName: string, imageTag = "1") =>
    account.ecr().send(new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag }] }));

  const control = async <Output>(method: string, path: string) => {
    const response = await fetch(`${account.sandbox.url}/_sandbox/${path}`, { method });
    return (await response.json()) as Output;
  };

  beforeAll(async () => {
    account = await startAccount();
    await deploy(account, environment);
    const sns = new SNSClient({ region: REGION });
    const { TopicArn = "" } = await sns.send(new CreateTopicCommand({ Name: "kept" }));
    sns.destroy();
    await addFunction(
      "notify",
      formatPolicy(notifyPolicy(environment, REGION)),
      { TOPIC_ARN: TopicArn },
      { EventPattern: pullEventPattern(environment, [{ "anything-but": ["SUCCESS"] }]) },
    );
    await addFunction(
      "reconcile",
      formatPolicy(reconcilePolicy(environment, REGION)),
      { PREFIXES: "quay", EXISTING_POLICIES: "keep", PRUNE: formatPrune(environment.prune!) },
      { ScheduleExpression: "rate(1 day)" },
      JSON.stringify({ action: "reconcile-all" }),
    );
  });
  afterAll(() => account.stop());

  test("a pull that succeeds is answered at once, and reports nothing", async () => {
    const { images } = await pull("quay/org/app");
    expect(images).toHaveLength(1);
    expect(await control("GET", "notifications")).toEqual([]);
  });

  test("a pull that fails publishes a message with its cause, which the control API returns", async () => {
    account.sandbox.upstream.set("quay.io", { failure: "unavailable" });
    await pull("quay/org/down").catch(() => undefined);
    await pull("quay/org/down").catch(() => undefined);
    account.sandbox.upstream.unset("quay.io");
    const notifications = await control<{ subject: string; message: string }[]>(
      "GET",
      "notifications",
    );
    // One an hour for a prefix and reason.
    expect(notifications).toHaveLength(1);
    expect(notifications[0]!.message).toContain("quay/org/down");

    account.sandbox.clock.advance(2);
    account.sandbox.upstream.set("quay.io", { failure: "unavailable" });
    await pull("quay/org/down").catch(() => undefined);
    account.sandbox.upstream.unset("quay.io");
    expect(await control<object[]>("GET", "notifications")).toHaveLength(2);
  });

  test("the schedule applies the template to a repository that lacks its policy", async () => {
    const repositoryName = "quay/org/app";
    const ecr = account.ecr();
    await callJson(
      { url: account.sandbox.url, account: ACCOUNT },
      "ecr",
      REGION,
      "AmazonEC2ContainerRegistry_V20150921.DeleteLifecyclePolicy",
      { repositoryName },
    );
    const invocations = await control<{ function: string; error: string | null }[]>(
      "POST",
      "schedules",
    );
    expect(invocations.filter(({ error }) => error !== null)).toEqual([]);
    expect(invocations.at(-1)).toMatchObject({ function: "kept-reconcile" });
    const { lifecyclePolicyText } = await ecr.send(
      new GetLifecyclePolicyCommand({ repositoryName }),
    );
    expect(lifecyclePolicyText).toContain("rules");
  });

  test("the schedule prunes what nobody has pulled but a scanner that is excluded from pull times", async () => {
    const repositoryName = "quay/org/old";
    const ecr = account.ecr();
    for (const imageTag of ["1", "2", "3"]) await pull(repositoryName, imageTag);
    expect(await control("POST", "schedules")).not.toEqual([]);
    account.sandbox.clock.advance(100 * 24);
    await pull(repositoryName, "1");
    await account
      .iam()
      .send(new CreateRoleCommand({ RoleName: "scanner", AssumeRolePolicyDocument: "{}" }));
    await account.iam().send(
      new PutRolePolicyCommand({
        RoleName: "scanner",
        PolicyName: "pull",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: "ecr:*", Resource: "*" }],
        }),
      }),
    );
    const sts = new STSClient({ region: REGION });
    const { Credentials: scanner } = await sts.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${ACCOUNT}:role/scanner`,
        RoleSessionName: "scan",
      }),
    );
    sts.destroy();
    const scanning = new ECRClient({
      region: REGION,
      credentials: {
        accessKeyId: scanner?.AccessKeyId ?? "",
        secretAccessKey: scanner?.SecretAccessKey ?? "",
        sessionToken: scanner?.SessionToken ?? "",
      },
    });
    const scanned = await scanning.send(
      new BatchGetImageCommand({ repositoryName, imageIds: [{ imageTag: "2" }] }),
    );
    scanning.destroy();
    expect(scanned.images).toHaveLength(1);

    const invocations = await control<{ error: string | null }[]>("POST", "schedules");
    expect(invocations.at(-1)?.error).toBeNull();
    const { imageDetails = [] } = await ecr.send(new DescribeImagesCommand({ repositoryName }));
    expect(imageDetails.flatMap(({ imageTags = [] }) => imageTags)).toEqual(["1"]);
  });

  test("a function works with the permissions of its role, and is named with its error where they lack", async () => {
    await account.iam().send(
      new PutRolePolicyCommand({
        RoleName: "kept-reconcile",
        PolicyName: "own",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Deny", Action: "ecr:*", Resource: "*" }],
        }),
      }),
    );
    const invocations = await control<{ function: string; error: string | null }[]>(
      "POST",
      "schedules",
    );
    expect(invocations.at(-1)).toMatchObject({
      function: "kept-reconcile",
      error: expect.stringContaining("is not authorized to perform: ecr:") as string,
    });
  });

  test("EventBridge lists the functions of a rule, and deletes the rule after they are removed", async () => {
    const listed = () =>
      events<{ Targets: { Id: string }[] }>("ListTargetsByRule", { Rule: "kept-notify" });
    expect((await listed()).output.Targets.map(({ Id }) => Id)).toEqual(["function"]);
    expect((await events("DeleteRule", { Name: "kept-notify" })).ok).toBe(false);
    await events("RemoveTargets", { Rule: "kept-notify", Ids: ["function"] });
    expect((await listed()).output.Targets).toEqual([]);
    expect((await events("DeleteRule", { Name: "kept-notify" })).ok).toBe(true);
    expect(
      (
        await events("PutTargets", {
          Rule: "none",
          Targets: [{ Id: "a", Arn: "arn:aws:lambda:us-east-1:1:function:a" }],
        })
      ).ok,
    ).toBe(false);
  });
});
