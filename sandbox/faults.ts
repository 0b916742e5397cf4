import type { AwsCall, Protocol } from "./aws-request";
import { type RegistryAnswer, registryError } from "./distribution/answer";

export const faultKinds = ["throttle", "deny", "cut", "cut-answer"] as const;

/**
 * How a call fails.
 *
 * - `throttle`: it is refused because there are too many; SDKs retry it.
 * - `deny`: it is refused because a permission is missing.
 * - `cut`: the connection is closed before the call is carried out.
 * - `cut-answer`: the call is carried out, then the connection is closed: the caller gets no response.
 */
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** The API's action; the HTTP method for S3 and other APIs without named actions. Default: all. */
  readonly action?: string;
  /** The service's signing name, such as `ecr`. Default: all. */
  readonly service?: string;
  readonly region?: string;
  /** How many calls fail. Default: 1. */
  readonly times?: number;
}

/** A fault that has not happened yet. */
export type PendingFault = Omit<Fault, "times"> & { readonly times: number };

/** The faults that tests have requested. */
export class Faults {
  private pending: PendingFault[] = [];
  private delay = 0;

  /** Makes the next calls that match fail. Faults are used up in the order in which they were added. */
  add(fault: Fault): void {
    this.pending.push({ ...fault, times: fault.times ?? 1 });
  }

  /** Delays every call from now on. */
  setLatency(milliseconds: number): void {
    this.delay = milliseconds;
  }

  get latency(): number {
    return this.delay;
  }

  list(): readonly PendingFault[] {
    return this.pending;
  }

  /** Takes the fault of a call, if it has one. */
  take(call: AwsCall): FaultKind | undefined {
    const index = this.pending.findIndex(
      ({ action = call.action, service = call.service, region = call.region }) =>
        action === call.action && service === call.service && region === call.region,
    );
    const fault = this.pending[index];
    if (!fault) return undefined;
    const rest = { ...fault, times: fault.times - 1 };
    this.pending.splice(index, 1, ...(rest.times > 0 ? [rest] : []));
    return fault.kind;
  }

  /** Clears all faults and the latency. */
  clear(): void {
    this.pending = [];
    this.delay = 0;
  }
}

interface Wording {
  readonly code: string;
  readonly status: number;
  readonly message: string;
}

const MESSAGES = {
  throttle: "Rate exceeded",
  deny: "The sandbox denies this call: a fault was set.",
} as const;

/**
 * The names of the two refusals by protocol.
 * Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html,
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html and the common errors in each API reference.
 */
const REFUSALS: Readonly<
  Record<keyof typeof MESSAGES, Readonly<Record<Protocol, Pick<Wording, "code" | "status">>>>
> = {
  throttle: {
    json: { code: "ThrottlingException", status: 400 },
    query: { code: "Throttling", status: 400 },
    "rest-json": { code: "TooManyRequestsException", status: 429 },
    "rest-xml": { code: "SlowDown", status: 503 },
    distribution: { code: "TOOMANYREQUESTS", status: 429 },
  },
  deny: {
    json: { code: "AccessDeniedException", status: 400 },
    query: { code: "AccessDenied", status: 403 },
    "rest-json": { code: "AccessDeniedException", status: 403 },
    "rest-xml": { code: "AccessDenied", status: 403 },
    distribution: { code: "DENIED", status: 403 },
  },
};

/** How a service refuses a call, in its own protocol. */
export function refuse(kind: keyof typeof MESSAGES, protocol: Protocol): RegistryAnswer {
  const { code, status } = REFUSALS[kind][protocol];
  const message = MESSAGES[kind];
  const error = `<Code>${code}</Code><Message>${message}</Message>`;
  switch (protocol) {
    case "json":
    case "rest-json":
      return {
        status,
        headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-errortype": code },
        body: JSON.stringify({ __type: code, message }),
      };
    case "distribution":
      return registryError(status, code, message);
    case "query":
      return {
        status,
        headers: { "content-type": "text/xml" },
        body: `<ErrorResponse><Error><Type>Sender</Type>${error}</Error><RequestId>sandbox</RequestId></ErrorResponse>`,
      };
    case "rest-xml":
      return {
        status,
        headers: { "content-type": "application/xml" },
        body: `<Error>${error}<RequestId>sandbox</RequestId></Error>`,
      };
  }
}
