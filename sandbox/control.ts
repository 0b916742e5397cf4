import * as z from "zod";
import type { CallLog } from "./calls";
import type { EcrService } from "./ecr/service";
import { upstreamFailures } from "./ecr/fetched";
import type { UpstreamContent } from "./ecr/upstream";
import { faultKinds, type Faults } from "./faults";
import type { Maintenance } from "./maintenance/maintenance";

/*
 * The sandbox's own API, for other processes. Its paths can't be those of an S3 bucket, whose name has no underscore.
 */

/** The beginning of the control API's paths. */
export const CONTROL_PATH = "/_sandbox/";

export interface Controlled {
  readonly account: string;
  readonly ecr: EcrService;
  readonly faults: Faults;
  readonly calls: CallLog;
  /** Absent where nothing runs functions. */
  readonly maintenance?: Maintenance;
  reset(): Promise<void>;
}

export interface ControlAnswer {
  readonly status: number;
  readonly body: object;
}

const faultSchema = z.strictObject({
  kind: z.enum(faultKinds),
  action: z.string().optional(),
  service: z.string().optional(),
  region: z.string().optional(),
  times: z.int().min(1).optional(),
});

const upstreamNameSchema = z.strictObject({ name: z.string().min(1) });

const upstreamSchema = upstreamNameSchema.extend({
  platforms: z.array(z.string().min(1)).min(1).nullish(),
  revision: z.string().nullish(),
  failure: z.enum(upstreamFailures).nullish(),
  limit: z.int().min(0).nullish(),
  delay: z.number().min(0).nullish(),
  url: z.url({ protocol: /^http$/ }).nullish(),
});

const membershipSchema = z.strictObject({
  account: z.string().regex(/^[0-9]{12}$/),
  organization: z.string().regex(/^o-[a-z0-9]{10,32}$/),
  path: z.string().min(1),
});

const latencySchema = z.strictObject({ milliseconds: z.number().min(0) });
const clockSchema = z.strictObject({ hours: z.number().positive() });

const HOUR = 3_600_000;

type Handler = (sandbox: Controlled, body: unknown) => object | Promise<object>;

const handlers: Readonly<Record<string, Handler>> = {
  "GET calls": ({ calls }) => calls.list(),
  "DELETE calls": ({ calls }) => {
    calls.reset();
    return calls.list();
  },
  "GET faults": ({ faults }) => faults.list(),
  "POST faults": ({ faults }, body) => {
    faults.add(faultSchema.parse(body));
    return faults.list();
  },
  "DELETE faults": ({ faults }) => {
    faults.clear();
    return faults.list();
  },
  "PUT latency": ({ faults }, body) => {
    faults.setLatency(latencySchema.parse(body).milliseconds);
    return { milliseconds: faults.latency };
  },
  "GET clock": ({ ecr }) => ({ now: ecr.clock.now() }),
  "POST clock": ({ ecr }, body) => {
    ecr.advanceClock(clockSchema.parse(body).hours * HOUR);
    return { now: ecr.clock.now() };
  },
  "PUT upstream": ({ ecr }, body) => {
    const { name, ...settings } = upstreamSchema.parse(body);
    // In JSON, null takes a setting back.
    const content = Object.entries(settings).map(([key, value]) => [key, value ?? undefined]);
    ecr.upstream.set(name, Object.fromEntries(content) as UpstreamContent);
    return { name, ...settings };
  },
  "DELETE upstream": ({ ecr }, body) => {
    const { name } = upstreamNameSchema.parse(body);
    ecr.upstream.unset(name);
    return { name };
  },
  "GET notifications": ({ maintenance }) => maintenance?.notifications ?? [],
  "GET invocations": ({ maintenance }) => maintenance?.invocations ?? [],
  "POST schedules": async ({ maintenance }) => {
    await maintenance?.runSchedules();
    return maintenance?.invocations ?? [];
  },
  "PUT organization": ({ ecr }, body) => {
    const { account, ...membership } = membershipSchema.parse(body);
    ecr.memberships.set(account, membership);
    return { account, ...membership };
  },
  "POST reset": async (sandbox) => {
    await sandbox.reset();
    return { account: sandbox.account };
  },
};

/** Answers a request of the control API. */
export async function control(
  sandbox: Controlled,
  method: string,
  path: string,
  text: string,
): Promise<ControlAnswer> {
  const name = `${method} ${path.slice(CONTROL_PATH.length)}`;
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
  if (!handler) {
    const allowed = Object.keys(handlers).join(", ");
    return {
      status: 404,
      body: { message: `${CONTROL_PATH}: found ${name}; allowed: ${allowed}` },
    };
  }
  try {
    return { status: 200, body: await handler(sandbox, text === "" ? {} : JSON.parse(text)) };
  } catch (error) {
    if (error instanceof z.ZodError) {
      return { status: 400, body: { message: z.prettifyError(error) } };
    }
    if (error instanceof SyntaxError) return { status: 400, body: { message: error.message } };
    throw error;
  }
}
