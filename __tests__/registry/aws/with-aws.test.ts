import { DescribeRepositoriesCommand } from "@aws-sdk/client-ecr";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { devNull } from "node:os";
import { text } from "node:stream/consumers";
import { withAws } from "../../../registry/aws/with-aws";
import { defineEnvironment, type Environment } from "../../../ecr/environment";

const ACCOUNT = "123456789012";
const environment: Environment = defineEnvironment({
  name: "shop",
  account: ACCOUNT,
  regions: ["us-east-1", "eu-south-1"],
  rules: [{ upstream: "quay" }],
});

const identity = (account: string) =>
  `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${account}:user/operator</Arn><UserId>AIDA</UserId><Account>${account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;
const refusal = (code: string) =>
  `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>The security token included in the request is invalid.</Message></Error></ErrorResponse>`;

/** AWS, as far as it says who calls: by region, the account, or a refusal. */
let known: Record<string, { readonly account?: string; readonly code?: string }>;
let asked: string[];
let server: Server;
const variables = { ...process.env };

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      const [, , region = "", service = ""] =
        /Credential=([^,]+)/.exec(incoming.headers.authorization ?? "")?.[1]?.split("/") ?? [];
      asked.push(`${service} ${region}`);
      if (!body.includes("GetCallerIdentity")) {
        outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
        outgoing.end(JSON.stringify({ __type: "RepositoryNotFoundException", message: "No." }));
        return;
      }
      const { account, code } = known[region] ?? { account: ACCOUNT };
      outgoing.writeHead(account === undefined ? 403 : 200, { "content-type": "text/xml" });
      outgoing.end(account === undefined ? refusal(code ?? "") : identity(account));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  process.env = variables;
  await new Promise((resolve) => server.close(resolve));
});

beforeEach(() => {
  known = {};
  asked = [];
  process.env = {
    PATH: variables.PATH,
    AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: "true",
  };
});

const callerIn = (region: string) =>
  withAws(environment, region, ({ caller }) => Promise.resolve(caller));

test("the work is done with the credentials of the environment's account", async () => {
  expect(await callerIn("us-east-1")).toBe(`arn:aws:iam::${ACCOUNT}:user/operator`);
  expect(asked).toEqual(["sts us-east-1"]);
});

test("credentials for another account end it before it begins, and both accounts are named", async () => {
  known = { "us-east-1": { account: "999999999999" } };
  const work = jest.fn();
  await expect(withAws(environment, "us-east-1", work)).rejects.toThrow(
    "environment shop: found credentials for account 999999999999 (arn:aws:iam::999999999999:user/operator); allowed: those for account 123456789012; set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws sso login",
  );
  expect(work).not.toHaveBeenCalled();
});

test("a region that is off is told from wrong credentials by another region", async () => {
  known = { "eu-south-1": { code: "InvalidClientTokenId" } };
  await expect(callerIn("eu-south-1")).rejects.toThrow(
    /^AWS: found that eu-south-1 does not know credentials which us-east-1 knows: the region is off/,
  );
  expect(asked).toEqual(["sts eu-south-1", "sts us-east-1"]);
});

test("credentials that no region knows are wrong", async () => {
  known = {
    "eu-south-1": { code: "InvalidClientTokenId" },
    "us-east-1": { code: "InvalidClientTokenId" },
  };
  await expect(callerIn("eu-south-1")).rejects.toThrow(
    /^AWS: found credentials that eu-south-1 does not know/,
  );
  asked = [];
  await expect(callerIn("us-east-1")).rejects.toThrow(
    /^AWS: found credentials that us-east-1 does not know/,
  );
  expect(asked).toEqual(["sts us-east-1"]);
});

test("without credentials nothing is asked", async () => {
  delete process.env.AWS_ACCESS_KEY_ID;
  delete process.env.AWS_SECRET_ACCESS_KEY;
  await expect(callerIn("us-east-1")).rejects.toThrow(/^AWS: found no credentials \(/);
  expect(asked).toEqual([]);
});

test("a client is made once for a service and region, and exceptions that are answers reach the work", async () => {
  await withAws(environment, "us-east-1", async (aws) => {
    const [one, same, other] = await Promise.all([
      aws.ecr("us-east-1"),
      aws.ecr("us-east-1"),
      aws.ecr("eu-south-1"),
    ]);
    expect(same).toBe(one);
    expect(other).not.toBe(one);
    await expect(other.send(new DescribeRepositoriesCommand())).rejects.toMatchObject({
      name: "RepositoryNotFoundException",
    });
  });
  expect(asked).toEqual(["sts us-east-1", "ecr eu-south-1"]);
});

test("what the work throws is thrown on", async () => {
  const defect = new TypeError("x is not a function");
  await expect(withAws(environment, "us-east-1", () => Promise.reject(defect))).rejects.toBe(
    defect,
  );
});
