import { GetAuthorizationTokenCommand } from "@aws-sdk/client-ecr";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Clients } from "../../../registry/aws/clients";
import { useVariables } from "../../support/account";

/* Who the calls of a command are made as. */

const ASSUMED = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASSUMED</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>
<Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`;

/** What was called, with the access key that signed it. */
const calls: { readonly key: string; readonly body: string }[] = [];
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    const [, key = ""] = /Credential=([^/]+)/.exec(request.headers.authorization ?? "") ?? [];
    calls.push({ key, body });
    const isSts = body.includes("Action=AssumeRole");
    response.writeHead(200, { "content-type": isSts ? "text/xml" : "application/x-amz-json-1.1" });
    response.end(isSts ? ASSUMED : "{}");
  });
});

const directory = mkdtempSync(join(tmpdir(), "ecr-cache-clients-"));
const role = { roleArn: "arn:aws:iam::111111111111:role/deploy", sessionName: "ecr-cache" };
const NO_KEYS = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };
let restore: () => void;
let url: string;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const file = join(directory, "credentials");
  writeFileSync(file, "[acme]\naws_access_key_id = PROFILE\naws_secret_access_key = s\n");
  restore = useVariables({
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_ACCESS_KEY_ID: "CHAIN",
    AWS_SECRET_ACCESS_KEY: "s",
    // Endpoints of single services: what is on this machine as a whole is the sandbox.
    AWS_ENDPOINT_URL_ECR: url,
    AWS_ENDPOINT_URL_STS: url,
    AWS_ENDPOINT_URL: "",
  });
});
afterAll(async () => {
  restore();
  rmSync(directory, { recursive: true });
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  calls.length = 0;
});

/** Makes a call of ECR's as an environment says, and returns who made which. */
async function callAs(operator: ConstructorParameters<typeof Clients>[1]): Promise<string[]> {
  const clients = new Clients("us-east-1", operator);
  const ecr = await clients.ecr("us-east-1");
  await ecr.send(new GetAuthorizationTokenCommand());
  await ecr.send(new GetAuthorizationTokenCommand());
  await clients.destroy();
  return calls.map(({ key }) => key);
}

test("calls are made with the usual chain of credentials where the environment says nothing", async () => {
  expect(await callAs({})).toEqual(["CHAIN", "CHAIN"]);
});

test("calls are made with the environment's profile", async () => {
  const back = useVariables(NO_KEYS);
  expect(await callAs({ profile: "acme" })).toEqual(["PROFILE", "PROFILE"]);
  back();
});

test("calls are made with the environment's role, which is assumed once with the usual credentials", async () => {
  expect(await callAs({ assumeRole: { ...role, externalId: "acme" } })).toEqual([
    "CHAIN",
    "ASSUMED",
    "ASSUMED",
  ]);
  expect(Object.fromEntries(new URLSearchParams(calls[0]?.body))).toMatchObject({
    RoleArn: role.roleArn,
    RoleSessionName: "ecr-cache",
    ExternalId: "acme",
  });
});

test("the environment's role is assumed with the credentials of its profile, where it has one", async () => {
  const back = useVariables(NO_KEYS);
  expect(await callAs({ profile: "acme", assumeRole: role })).toEqual([
    "PROFILE",
    "ASSUMED",
    "ASSUMED",
  ]);
  back();
});

test("neither profile nor role is used in the sandbox", async () => {
  const back = useVariables({ AWS_ENDPOINT_URL: url });
  expect(await callAs({ profile: "acme", assumeRole: role })).toEqual(["CHAIN", "CHAIN"]);
  back();
});
