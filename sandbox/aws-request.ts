import type { IncomingHttpHeaders } from "node:http";

/** How a service's API encodes its calls and errors. */
export type Protocol = "json" | "query" | "rest-json" | "rest-xml" | "distribution";

/** One call of an AWS API. */
export interface AwsCall {
  /** The service's signing name, such as `ecr` or `secretsmanager`; `unknown` for an unsigned request. */
  readonly service: string;
  readonly region: string;
  /** The API's action; the HTTP method for APIs without named actions, such as S3's (Lambda's are known). */
  readonly action: string;
  readonly protocol: Protocol;
  /** The id of the access key that signed the request; absent for an unsigned one. */
  readonly accessKey?: string;
}

/**
 * Lambda's actions, by method and what follows a function's name in the path.
 * Source: https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
 */
const LAMBDA_ACTIONS: Readonly<Record<string, string>> = {
  "POST ": "CreateFunction",
  "GET ": "GetFunction",
  "DELETE ": "DeleteFunction",
  "PUT code": "UpdateFunctionCode",
  "GET configuration": "GetFunctionConfiguration",
  "PUT configuration": "UpdateFunctionConfiguration",
  "GET versions": "ListVersionsByFunction",
  "GET policy": "GetPolicy",
  "POST policy": "AddPermission",
  "DELETE policy": "RemovePermission",
  "PUT concurrency": "PutFunctionConcurrency",
  "GET concurrency": "GetFunctionConcurrency",
  "GET code-signing-config": "GetFunctionCodeSigningConfig",
  "GET event-invoke-config": "GetFunctionEventInvokeConfig",
  "PUT event-invoke-config": "PutFunctionEventInvokeConfig",
  "DELETE event-invoke-config": "DeleteFunctionEventInvokeConfig",
  "POST invocations": "Invoke",
};
const LAMBDA_TAG_ACTIONS: Readonly<Record<string, string>> = {
  GET: "ListTags",
  POST: "TagResource",
  DELETE: "UntagResource",
};

function lambdaAction(method: string, path: string): string {
  if (/^\/[\d-]+\/tags\//.test(path)) return LAMBDA_TAG_ACTIONS[method] ?? method;
  const part = /^\/[\d-]+\/functions(?:\/[^/]+(?:\/([a-z-]+))?)?/.exec(path)?.[1] ?? "";
  return LAMBDA_ACTIONS[`${method} ${part}`] ?? method;
}

const DEFAULT_REGION = "us-east-1";
const FORM = "application/x-www-form-urlencoded";

/**
 * The credential scope of a signature, in the header or (of a presigned request) in the query.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
function scopeOf(
  headers: IncomingHttpHeaders,
  url: URL,
): Pick<AwsCall, "service" | "region" | "accessKey"> {
  const credential =
    /Credential=([^,\s]+)/.exec(headers.authorization ?? "")?.[1] ??
    url.searchParams.get("X-Amz-Credential") ??
    "";
  const [accessKey, , region = DEFAULT_REGION, service = "unknown"] = credential.split("/");
  return { service, region, ...(accessKey && { accessKey }) };
}

/** Whether a request names its action in its body. */
export function namesActionInBody(headers: IncomingHttpHeaders): boolean {
  return headers["content-type"]?.startsWith(FORM) ?? false;
}

/** Identifies the call of a request. @param form its body, where that names the action */
export function identify(
  method: string,
  path: string,
  headers: IncomingHttpHeaders,
  form = "",
): AwsCall {
  const url = new URL(path, "http://sandbox");
  const scope = scopeOf(headers, url);
  const target = headers["x-amz-target"];
  if (typeof target === "string") {
    return { ...scope, action: target.split(".").at(-1) ?? target, protocol: "json" };
  }
  const action = new URLSearchParams(form).get("Action") ?? url.searchParams.get("Action");
  if (action !== null) return { ...scope, action, protocol: "query" };
  // https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
  const operation = /^\/service\/[^/]+\/operation\/([^/]+)$/.exec(url.pathname)?.[1];
  if (operation !== undefined) return { ...scope, action: operation, protocol: "json" };
  if (scope.service === "lambda") {
    return { ...scope, action: lambdaAction(method, url.pathname), protocol: "rest-json" };
  }
  return { ...scope, action: method, protocol: scope.service === "s3" ? "rest-xml" : "rest-json" };
}
