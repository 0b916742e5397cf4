import { type AwsCall, isDenied, isThrottled, recordCall } from "../../../registry/aws/errors";
import { explainAwsError, toUserError } from "../../../registry/aws/remedies";
import { UserError } from "../../../ecr/user-error";

const CALL: AwsCall = {
  service: "ecr",
  operation: "DescribeImages",
  region: "eu-west-1",
  input: { repositoryName: "quay/org/app", SecretString: "never-to-be-seen" },
};

/** An error as the SDK throws it. */
function sdkError(name: string, message: string, more: object = {}): Error {
  const error = Object.assign(new Error(message), { $metadata: { attempts: 1 }, ...more });
  error.name = name;
  return error;
}

/** The line for an error of a call. */
function explain(name: string, message: string, more?: object, call = CALL): string | undefined {
  const error = sdkError(name, message, more);
  recordCall(error, call);
  return explainAwsError(error);
}

const variables = { ...process.env };
beforeEach(() => {
  delete process.env.AWS_PROFILE;
  delete process.env.AWS_ENDPOINT_URL;
});
afterAll(() => {
  process.env = variables;
});

const HINT =
  "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run aws sso login";

describe("credentials", () => {
  test("that are missing, with the profile that was tried", () => {
    const [name, message] = ["CredentialsProviderError", "Could not load credentials"] as const;
    expect(explain(name, message)).toBe(`AWS: found no credentials (${message}); ${HINT}`);
    process.env.AWS_PROFILE = "acme";
    expect(explain(name, message)).toBe(
      `AWS: found no credentials in profile acme (${message}); ${HINT}`,
    );
  });

  test.each([
    ["ExpiredTokenException", "The security token included in the request is expired"],
    ["ExpiredToken", "The provided token has expired."],
    ["CredentialsProviderError", "The SSO session associated with this profile has expired."],
    ["TokenProviderError", "Token is expired"],
  ])("that have expired: %s", (name, message) => {
    expect(explain(name, message)).toBe(
      `AWS: found expired credentials (${message}); get new ones: run aws sso login, or assume the role again`,
    );
  });

  test.each(["UnrecognizedClientException", "InvalidClientTokenId"])(
    "that AWS does not know: %s",
    (name) => {
      expect(explain(name, "The security token included in the request is invalid.")).toBe(
        `AWS: found credentials that eu-west-1 does not know (The security token included in the request is invalid.); ${HINT}; or the region is off for the account (AWS Account Management, AWS Regions)`,
      );
    },
  );

  test("whose signature is wrong", () => {
    expect(explain("SignatureDoesNotMatch", "Signature expired:\n  now")).toBe(
      "AWS: found a signature that is not valid (Signature expired: now); check the secret key, and this machine's clock",
    );
  });
});

describe("a missing permission is named, with what it is missing on", () => {
  const allow = "; allow it in the caller's IAM policy, or use another role";

  test("from AWS's message", () => {
    expect(
      explain(
        "AccessDeniedException",
        "User: arn:aws:sts::123456789012:assumed-role/ci/x is not authorized to perform: ecr:DescribeImages on resource: arn:aws:ecr:eu-west-1:123456789012:repository/quay/org/app because no identity-based policy allows the ecr:DescribeImages action",
      ),
    ).toBe(
      `AWS: arn:aws:sts::123456789012:assumed-role/ci/x lacks the permission ecr:DescribeImages on arn:aws:ecr:eu-west-1:123456789012:repository/quay/org/app in eu-west-1 (because no identity-based policy allows the ecr:DescribeImages action)${allow}`,
    );
  });

  test("with another remedy where a policy denies it", () => {
    expect(
      explain(
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/x is not authorized to perform: iam:GetRole on resource: role ci with an explicit deny in a service control policy",
      ),
    ).toMatch(
      /with an explicit deny in a service control policy\); a policy denies it: have it changed, or use another role$/,
    );
  });

  test("from the call, where the message does not say it; nothing else of the call is shown", () => {
    const line = explain("AccessDeniedException", "No.");
    expect(line).toBe(
      `AWS: the caller lacks the permission ecr:DescribeImages on quay/org/app in eu-west-1 (No.)${allow}`,
    );
    expect(explain("AccessDenied", "No.", {}, { ...CALL, input: {} })).toBe(
      `AWS: the caller lacks the permission ecr:DescribeImages in eu-west-1 (No.)${allow}`,
    );
  });

  test("and is told from other errors", () => {
    expect(isDenied(sdkError("AccessDeniedException", ""))).toBe(true);
    expect(isDenied(sdkError("ThrottlingException", ""))).toBe(false);
    expect(isDenied("AccessDeniedException")).toBe(false);
  });
});

test.each([
  ["ThrottlingException", {}],
  ["Throttling", {}],
  ["SomethingElse", { $metadata: { httpStatusCode: 429, attempts: 1 } }],
])("throttling: %s %j", (name, more) => {
  expect(explain(name, "Rate exceeded", more)).toBe(
    "AWS: ecr:DescribeImages in eu-west-1 was throttled (Rate exceeded); wait a minute and run the command again: others use the same quota",
  );
});

test("a quota that is used up is not throttling", () => {
  expect(isThrottled(sdkError("ThrottlingException", ""))).toBe(true);
  expect(isThrottled(sdkError("LimitExceededException", ""))).toBe(false);
  expect(isThrottled("ThrottlingException")).toBe(false);
});

test("throttling says how often it was tried", () => {
  expect(explain("ThrottlingException", "Rate exceeded", { $metadata: { attempts: 5 } })).toContain(
    "was throttled in each of 5 attempts (",
  );
});

test.each(["OptInRequired", "RegionDisabledException"])("a region that is off: %s", (name) => {
  expect(explain(name, "No.")).toBe(
    "AWS: found that eu-west-1 is off for the account (No.); turn it on: AWS Account Management, AWS Regions",
  );
});

describe("an endpoint that is out of reach", () => {
  test.each([
    [
      "Error",
      "getaddrinfo",
      { code: "ENOTFOUND", hostname: "ecr.eu-west-1.amazonaws.com" },
      "ENOTFOUND ecr.eu-west-1.amazonaws.com",
    ],
    ["Error", "connect", { code: "ECONNREFUSED" }, "ECONNREFUSED"],
    ["Error", "certificate", { code: "CERT_HAS_EXPIRED" }, "CERT_HAS_EXPIRED"],
    ["TimeoutError", "socket hang up", {}, "TimeoutError"],
    // What the SDK makes of an error of another realm, such as a test's.
    ["Error", "AWS SDK error wrapper for TimeoutError: socket hang up", {}, "TimeoutError"],
    [
      "Error",
      "AWS SDK error wrapper for Error: connect ECONNREFUSED 127.0.0.1:9",
      {},
      "ECONNREFUSED",
    ],
  ])("%s %s %j", (name, message, more, shown) => {
    expect(explain(name, message, more)).toBe(
      `AWS: found no answer to ecr:DescribeImages in eu-west-1 (${shown}); check the network, a proxy, and that the region exists`,
    );
  });

  test("may be another one than AWS's, which is shown without a password", () => {
    process.env.AWS_ENDPOINT_URL = "http://me:never-to-be-seen@localhost:9";
    expect(explain("TimeoutError", "socket hang up")).toBe(
      "AWS: found no answer to ecr:DescribeImages in eu-west-1 (TimeoutError); check AWS_ENDPOINT_URL (http://me:…@localhost:9)",
    );
  });
});

test("a failure of AWS's own", () => {
  expect(explain("ServerException", "Oops", { $metadata: { httpStatusCode: 500 } })).toBe(
    "AWS: ecr:DescribeImages in eu-west-1 failed on AWS's side (ServerException: Oops); run the command again, and see https://health.aws.amazon.com if it lasts",
  );
});

test.each([
  ["a defect", new TypeError("x is not a function")],
  [
    "an exception that is an answer",
    sdkError("RepositoryNotFoundException", "No.", { $metadata: { httpStatusCode: 400 } }),
  ],
  ["what is no error", "text"],
])("%s is left as it is", (_, error) => {
  expect(explainAwsError(error)).toBeUndefined();
  expect(toUserError(error)).toBe(error);
});

test("what is explained becomes a UserError that keeps its cause", () => {
  const cause = sdkError("ExpiredToken", "expired");
  const error = toUserError(cause);
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).cause).toBe(cause);
});

test("the first call that an error is noted for stays its call", () => {
  const error = sdkError("ThrottlingException", "Rate exceeded");
  recordCall(error, CALL);
  recordCall(error, { ...CALL, operation: "Other" });
  recordCall("no error", CALL);
  expect(explainAwsError(error)).toContain("ecr:DescribeImages");
});
