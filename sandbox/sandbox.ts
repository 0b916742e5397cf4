import { UserError } from "../ecr/user-error";
import { CallLog } from "./calls";
import { isolate } from "./command-environment";
import type { Clock } from "./ecr/clock";
import type { Membership } from "./ecr/authorization";
import { EcrService } from "./ecr/service";
import type { FakeUpstream } from "./ecr/upstream";
import { Faults } from "./faults";
import { type Front, startFront } from "./front";
import { startMoto } from "./moto";
import { createCertificate } from "./names/certificate";
import { sandboxHosts } from "./names/hosts";
import { Maintenance } from "./maintenance/maintenance";
import { accountOf, type Moto, resetMoto } from "./moto-client";
import { motoServices } from "./moto-services";

export interface SandboxOptions {
  /** The id of the account that the sandbox is. */
  readonly account: string;
  /** The URL of a running moto. Default: one is started, and stopped with the sandbox. */
  readonly motoUrl?: string;
  /** The port of the front. Default: a free one. */
  readonly port?: number;
  /** The default region of `env`. Default: `us-east-1`. */
  readonly region?: string;
  /** The regions whose services answer by their names through the proxy. Default: `region`. */
  readonly regions?: readonly string[];
  /** The environment that `env` is based on. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** An AWS account on this machine. */
export interface Sandbox {
  readonly account: string;
  /** The endpoint of every service. */
  readonly url: string;
  /** The endpoint of the moto behind it. */
  readonly motoUrl: string;
  /** The environment for processes that work in the sandbox: nothing in it leads to a real account. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * The authority of the certificate with which the sandbox answers, in PEM, as an HTTPS proxy at `url`, by the names of
   * AWS and of the upstream registries. Absent where the machine has no openssl.
   */
  readonly certificateAuthority?: string;
  /** The organizations of accounts, by account, for policies that name them. */
  readonly memberships: Map<string, Membership>;
  /** The calls that fail next. */
  readonly faults: Faults;
  /** The calls so far. */
  readonly calls: CallLog;
  /** The images of the upstream registries. */
  readonly upstream: FakeUpstream;
  /** What the maintenance functions have done, and the messages that were published. */
  readonly maintenance: Pick<Maintenance, "notifications" | "invocations" | "runSchedules">;
  readonly clock: Pick<Clock, "now"> & {
    /** Advances the clock by hours, and runs lifecycle policies. */
    advance(hours: number): void;
  };
  /** Empties the account: moto, ECR, upstreams, clock, faults and calls. */
  reset(): Promise<void>;
  /** Stops everything that `startSandbox` has started. */
  stop(): Promise<void>;
}

async function useMoto(url: string, account: string): Promise<Moto> {
  const moto = { url, account };
  let found: string | undefined;
  try {
    found = await accountOf(moto);
  } catch {
    throw new UserError(
      `--moto-url: found ${url}, which does not answer; allowed: the URL of a running moto_server`,
    );
  }
  if (found !== account) {
    throw new UserError(
      `--moto-url: found a moto for the account ${found ?? "(none)"}; allowed: one for ${account} (MOTO_ACCOUNT_ID, or without it)`,
    );
  }
  return moto;
}

/**
 * Starts an AWS account on this machine: moto, with a front that implements the actions of ECR that it lacks.
 *
 * @throws UserError where there is no moto_server, or the given one serves another account.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { account, motoUrl, port = 0, region = "us-east-1", env = process.env } = options;
  const { regions = [region] } = options;
  const certificate = await createCertificate(sandboxHosts(regions));
  const own = motoUrl === undefined ? await startMoto() : undefined;
  try {
    const moto = await useMoto(own?.url ?? motoUrl ?? "", account);
    const maintenance = new Maintenance(moto, () => ({
      moto,
      url: front.url,
      now: () => ecr.clock.now().getTime(),
    }));
    const ecr: EcrService = new EcrService(account, (of) =>
      motoServices(moto, of, (event) => maintenance.deliver(of, event)),
    );
    const faults = new Faults();
    const calls = new CallLog();
    const reset = async () => {
      ecr.reset();
      maintenance.reset();
      faults.clear();
      calls.reset();
      await resetMoto(moto);
    };
    const front: Front = await startFront(
      { account, region, ecr, faults, calls, moto, maintenance, reset },
      port,
      certificate,
    );
    return {
      account,
      url: front.url,
      motoUrl: moto.url,
      env: isolate(env, front.url, region),
      certificateAuthority: certificate?.cert,
      memberships: ecr.memberships,
      faults,
      calls,
      upstream: ecr.upstream,
      maintenance,
      clock: {
        now: () => ecr.clock.now(),
        advance: (hours) => ecr.advanceClock(hours * 3_600_000),
      },
      reset,
      stop: async () => {
        await front.close();
        await own?.stop();
      },
    };
  } catch (error) {
    await own?.stop();
    throw error;
  }
}
