import {
  type Backend,
  backendTypes,
  stackBackend,
  stateLocation,
} from "../../../ecr/environment/backend";
import { defineEnvironment } from "../../../ecr/environment";
import { userErrorOf } from "../../support/user-error";

const define = (backend: object) =>
  defineEnvironment({
    name: "dev",
    account: "111111111111",
    regions: ["us-east-1"],
    rules: [{ upstream: "quay" }],
    backend: backend as Backend,
  });

const messageOf = (backend: object) => userErrorOf(() => define(backend));

/** The least that each type takes. */
const least: Readonly<Record<string, object>> = {
  local: {},
  s3: { bucket: "acme", region: "us-east-1" },
  gcs: { bucket: "acme" },
  azurerm: { storageAccountName: "acme", containerName: "state" },
  consul: {},
  cos: { bucket: "acme" },
  oss: { bucket: "acme" },
  http: { address: "https://state.acme.example" },
  pg: {},
  remote: { organization: "acme" },
  cloud: { organization: "acme" },
};

test("every type of backend is tested", () => {
  expect(Object.keys(least).sort()).toEqual([...backendTypes].sort());
});

describe.each(Object.entries(least))("the backend %s", (type, settings) => {
  const backend = { type, ...settings } as Backend;

  test(`the backend ${type} is accepted with the settings that it requires alone`, () => {
    expect(define(backend).backend).toEqual(backend);
  });

  test(`the backend ${type} gives each stack a state of its own, whatever the environment`, () => {
    const locations = ["dev", "prod"].flatMap((name) => [
      stateLocation(stackBackend(backend, "cache", name)),
      stateLocation(stackBackend(backend, "credentials", `${name}-credentials`)),
    ]);
    expect(new Set(locations).size).toBe(4);
  });

  test(`the backend ${type} is rendered without the settings that only name the places of all stacks`, () => {
    const { settings: written } = stackBackend(
      { ...backend, stacks: { cache: {} } },
      "cache",
      "dev",
    );
    for (const name of ["type", "stacks", "directory", "keyPrefix", "lockSuffix"]) {
      expect(written).not.toHaveProperty(name);
    }
  });

  test(`the backend ${type} is refused with an unknown key, for all stacks or for one`, () => {
    expect(messageOf({ ...backend, colour: "red" })).toMatch(
      /^environment dev: backend\.colour: found an unknown key; allowed: type, .*stacks$/,
    );
    expect(messageOf({ ...backend, stacks: { cache: { colour: "red" } } })).toMatch(
      /^environment dev: backend\.stacks\.cache\.colour: found an unknown key; allowed: .+$/,
    );
    expect(messageOf({ ...backend, stacks: { dev: {} } })).toBe(
      "environment dev: backend.stacks.dev: found an unknown key; allowed: cache, credentials, consumer",
    );
  });
});

describe("a secret in a backend is refused, with where Terraform reads it from", () => {
  test.each([
    ["s3", "accessKey", "AWS_ACCESS_KEY_ID or a profile"],
    ["s3", "secretKey", "AWS_SECRET_ACCESS_KEY or a profile"],
    ["s3", "token", "AWS_SESSION_TOKEN or a profile"],
    ["s3", "sseCustomerKey", "AWS_SSE_CUSTOMER_KEY"],
    ["gcs", "credentials", "GOOGLE_BACKEND_CREDENTIALS"],
    ["gcs", "accessToken", "GOOGLE_OAUTH_ACCESS_TOKEN"],
    ["gcs", "encryptionKey", "GOOGLE_ENCRYPTION_KEY"],
    ["azurerm", "accessKey", "ARM_ACCESS_KEY"],
    ["azurerm", "sasToken", "ARM_SAS_TOKEN"],
    ["azurerm", "clientSecret", "ARM_CLIENT_SECRET"],
    ["azurerm", "clientCertificatePassword", "ARM_CLIENT_CERTIFICATE_PASSWORD"],
    ["azurerm", "oidcToken", "ARM_OIDC_TOKEN"],
    ["azurerm", "oidcRequestToken", "ARM_OIDC_REQUEST_TOKEN"],
    ["consul", "accessToken", "CONSUL_HTTP_TOKEN"],
    ["consul", "httpAuth", "CONSUL_HTTP_AUTH"],
    ["cos", "secretId", "TENCENTCLOUD_SECRET_ID"],
    ["cos", "secretKey", "TENCENTCLOUD_SECRET_KEY"],
    ["cos", "securityToken", "TENCENTCLOUD_SECURITY_TOKEN"],
    ["oss", "accessKey", "ALICLOUD_ACCESS_KEY"],
    ["oss", "secretKey", "ALICLOUD_SECRET_KEY"],
    ["oss", "securityToken", "ALICLOUD_SECURITY_TOKEN"],
    ["http", "password", "TF_HTTP_PASSWORD"],
    ["http", "clientPrivateKeyPem", "TF_HTTP_CLIENT_PRIVATE_KEY_PEM"],
    ["remote", "token", "TF_TOKEN_… or terraform login"],
    ["cloud", "token", "TF_TOKEN_… or terraform login"],
  ])(
    "the secret of a %s backend is refused in %s, with the variable that Terraform reads it from",
    (type, key, variable) => {
      const backend = { type, ...least[type] };
      const line = (path: string) =>
        `environment dev: backend.${path}: found an unknown key; allowed: no secret in a file; Terraform reads it from ${variable}`;
      expect(messageOf({ ...backend, [key]: "s3cr3t" })).toBe(line(key));
      expect(messageOf({ ...backend, stacks: { credentials: { [key]: "s3cr3t" } } })).toBe(
        line(`stacks.credentials.${key}`),
      );
    },
  );

  test.each([
    ["pg", "connStr", "postgres://acme:…@db/x", "a connection", "PGPASSWORD or PG_CONN_STR"],
    ["s3", "httpProxy", "http://acme:…@proxy", "a proxy's URL", "HTTP_PROXY"],
    ["s3", "httpsProxy", "http://acme:…@proxy", "a proxy's URL", "HTTPS_PROXY"],
  ])("the password of a %s backend is refused in %s", (type, key, shown, what, variable) => {
    const line = (path: string) =>
      `environment dev: backend.${path}: found "${shown}"; allowed: ${what} without a password; Terraform reads it from ${variable}`;
    const value = shown.replace("…", "s3/cr@3t");
    expect(messageOf({ type, ...least[type], [key]: value })).toBe(line(key));
    expect(messageOf({ type, ...least[type], stacks: { cache: { [key]: value } } })).toBe(
      line(`stacks.cache.${key}`),
    );
  });

  test.each(["address", "lockAddress", "unlockAddress"])(
    "a user name, a password and a query are refused in the %s of an http backend",
    (key) => {
      for (const shown of ["https://acme:…@state", "https://…@state", "https://state/x?…"]) {
        const value = shown.replace("…", "s3cr3t=s3cr3t");
        const stacks = { stacks: { cache: { [key]: value } } };
        expect(messageOf({ type: "http", ...least.http, ...stacks })).toBe(
          `environment dev: backend.stacks.cache.${key}: found "${shown}"; allowed: an http or https address without user name, password and query; Terraform reads credentials from TF_HTTP_USERNAME and TF_HTTP_PASSWORD`,
        );
      }
    },
  );

  test.each([
    ["pg", "connStr", "postgres://acme@db.acme.example:5432/state?sslmode=verify-full"],
    ["pg", "connStr", "host=db.acme.example user=acme dbname=state"],
    ["http", "address", "https://gitlab.acme.example:8443/api/v4/projects/7/terraform/state"],
    ["s3", "httpsProxy", "http://proxy.acme.example:3128"],
  ])("a %s backend accepts the setting %s without a password: %s", (type, key, value) => {
    expect(define({ type, ...least[type], [key]: value }).backend).toMatchObject({ [key]: value });
  });
});

describe("a setting of the wrong kind gives its line", () => {
  test.each<[object, string]>([
    [{ type: "s3", region: "us-east-1" }, "bucket: found nothing; allowed: a string"],
    [{ type: "s3", bucket: "", region: "us-east-1" }, 'bucket: found ""; allowed: a string'],
    [
      { type: "s3", ...least.s3, keyPrefix: "/caches" },
      'keyPrefix: found "/caches"; allowed: a string that does not start with /',
    ],
    [
      { type: "s3", ...least.s3, key: "x" },
      "key: found an unknown key; allowed: keyPrefix, or stacks.cache.key, stacks.credentials.key, stacks.consumer.key: each stack has a state of its own",
    ],
    [
      { type: "local", path: "x" },
      "path: found an unknown key; allowed: directory, or stacks.cache.path, stacks.credentials.path, stacks.consumer.path: each stack has a state of its own",
    ],
    [
      { type: "cloud", organization: "acme", workspace: "x" },
      "workspace: found an unknown key; allowed: workspacePrefix, or stacks.cache.workspace, stacks.credentials.workspace, stacks.consumer.workspace: each stack has a state of its own",
    ],
    [
      { type: "local", stacks: { cache: "x" } },
      'stacks.cache: found "x"; allowed: settings of a local backend',
    ],
    [
      { type: "local", stacks: "x" },
      'stacks: found "x"; allowed: { cache: { … }, credentials: { … }, consumer: { … } }',
    ],
  ])("a backend with a wrong setting is refused in one line: %j", (backend, line) => {
    expect(messageOf(backend)).toBe(`environment dev: backend.${line}`);
  });
});
