import { devNull } from "node:os";
import { terraformEnvironment } from "../host/terraform";
import { UPSTREAM_PATH } from "./distribution/upstream-registry";

/*
 * The environment of processes that work in the sandbox: nothing in it leads to a real account.
 */

type Variables = Readonly<Record<string, string | undefined>>;

const proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/**
 * Variables of AWS's SDKs, HTTP clients and Terraform that could lead a process to a real account, past the front, or to
 * the state of a real deployment.
 */
export const misleadingVariables: readonly string[] = [
  ...["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN"],
  ...["AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE"],
  ...["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
  ...["AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
  ...["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"],
  ...["AWS_CA_BUNDLE", "TF_WORKSPACE", "TF_DATA_DIR"],
  ...proxies.flatMap((name) => [name, name.toLowerCase()]),
];

/** An environment without those variables, and without endpoints of single services. */
export function withoutMisleading(base: Variables): Record<string, string> {
  return Object.fromEntries(
    Object.entries(base).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined &&
        !misleadingVariables.includes(entry[0]) &&
        !entry[0].startsWith("AWS_ENDPOINT_URL"),
    ),
  );
}

const LOOPBACK = "127.0.0.1,localhost";

/** The variables that lead AWS's SDKs, the AWS CLI, Terraform's provider and `ecr-cache` into the sandbox. */
export function sandboxVariables(url: string, region: string): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: url,
    // Dummy credentials.
    AWS_ACCESS_KEY_ID: "sandbox",
    AWS_SECRET_ACCESS_KEY: "sandbox",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: "true",
    // For a proxy that a program finds elsewhere, such as in a configuration of its own.
    NO_PROXY: LOOPBACK,
    no_proxy: LOOPBACK,
    // Where `ecr-cache refresh` looks tags up.
    ECR_CACHE_UPSTREAM_URL: `${url}${UPSTREAM_PATH}{registry}`,
  };
}

/** An environment that is led into the sandbox. */
export function isolate(base: Variables, url: string, region: string): Record<string, string> {
  return { ...withoutMisleading(base), ...sandboxVariables(url, region) };
}

/**
 * The environment of a command in a sandbox.
 *
 * @param base the user's environment; its HTTPS proxy is kept where Terraform has to download the provider
 * @param mirror where the provider comes from otherwise
 */
export function commandEnvironment(
  sandbox: { readonly env: Variables },
  workspace: { readonly env: Readonly<Record<string, string>> },
  mirror: string | undefined,
  base: Variables = process.env,
): Record<string, string> {
  const httpsProxy = mirror === undefined ? (base.HTTPS_PROXY ?? base.https_proxy) : undefined;
  return {
    ...terraformEnvironment(sandbox.env, mirror),
    ...(httpsProxy !== undefined && { HTTPS_PROXY: httpsProxy }),
    ...workspace.env,
  };
}
