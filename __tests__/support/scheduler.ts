import { ECRClient } from "@aws-sdk/client-ecr";
import { EcrException } from "../../sandbox/ecr/exceptions";
import type { EcrService } from "../../sandbox/ecr/service";

/*
 * Processes that call the sandbox's ECR, of which one at a time goes on from one call to its next: so that every
 * interleaving of their calls can be tried, and each can be killed at any call.
 */

/** What happens to a call: it is answered or refused, it is carried out and its answer lost, or its process is killed before or after it. */
export type Fate = "answered" | "refused" | "lost" | "killed-before" | "killed-after";

/** A process at one of its calls. */
interface Waiting {
  readonly call: string;
  readonly proceed: () => void;
}

/** A process that the scheduler runs. */
export interface Process<Result> {
  /** The client is the only way to ECR; `step` is a place where the process waits as at a call. */
  readonly start: (client: ECRClient, step: (name: string) => Promise<void>) => Promise<Result>;
  /** The fate of the process's call by its number, and its action. Default: all are answered. */
  readonly fate?: (number: number, action: string) => Fate;
}

/** How a process ended. Undefined: it was killed. */
export type Ended<Result> = { readonly result: Result } | undefined;

function refused(): Error {
  return Object.assign(new Error("denied"), {
    name: "AccessDeniedException",
    $fault: "client",
    $metadata: { httpStatusCode: 400 },
  });
}

function lost(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

type Around = (action: string, input: object) => Promise<unknown>;

/** Clients without HTTP and retries, one for each process; what answers their calls is changed with every run. */
const clients: { readonly client: ECRClient; around: Around }[] = [];

function clientOf(index: number, around: Around): ECRClient {
  const known = clients[index];
  if (known) {
    known.around = around;
    return known.client;
  }
  const client = new ECRClient({
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const created = { client, around };
  client.middlewareStack.add(
    (_, { commandName = "" }) =>
      async ({ input }) => {
        const output = await created.around(commandName.replace(/Command$/, ""), input);
        return { response: {}, output: { $metadata: {}, ...(output as object) } };
      },
    { step: "initialize", name: "scheduler", priority: "high" },
  );
  clients[index] = created;
  return client;
}

/** A call of ECR, whose errors are as the SDK throws them. */
async function call(ecr: EcrService, region: string, action: string, input: object) {
  try {
    return await ecr.perform(region, action, input);
  } catch (error) {
    if (!(error instanceof EcrException)) throw error;
    throw Object.assign(new Error(error.message), {
      name: error.code,
      $fault: "client",
      $metadata: { httpStatusCode: 400 },
    });
  }
}

/**
 * Runs processes until all have ended or were killed.
 *
 * @param choose Which of the processes that wait goes on, by its number; `last` is the one that went on before.
 */
export async function runInterleaved<Result>(
  { ecr, region }: { readonly ecr: EcrService; readonly region: string },
  processes: readonly Process<Result>[],
  choose: (waiting: readonly number[], last: number | undefined) => number,
): Promise<Ended<Result>[]> {
  const ends = new Array<Ended<Result>>(processes.length).fill(undefined);
  const waiting = new Map<number, Waiting>();
  const failures: unknown[] = [];
  let stopped: () => void = () => undefined;

  const wait = (index: number, call: string) =>
    new Promise<void>((proceed) => {
      waiting.set(index, { call, proceed });
      stopped();
    });

  const run = async ({ start, fate = () => "answered" }: Process<Result>, index: number) => {
    let number = 0;
    const client = clientOf(index, async (action, input) => {
      const pass = () => call(ecr, region, action, input);
      const fateOfCall = fate(number, action);
      number += 1;
      await wait(index, action);
      if (fateOfCall === "refused") throw refused();
      if (fateOfCall === "lost" || fateOfCall === "killed-after") {
        await pass().catch(() => undefined);
      }
      if (fateOfCall === "lost") throw lost();
      if (fateOfCall !== "answered") {
        stopped();
        return await new Promise<never>(() => undefined);
      }
      return await pass();
    });
    try {
      ends[index] = { result: await start(client, (name) => wait(index, name)) };
    } catch (error) {
      failures.push(error);
    }
    stopped();
  };

  /** Lets one process go on to its next call, its end or its death. */
  const goOn = (begin: () => void) =>
    new Promise<void>((resolve) => {
      stopped = resolve;
      begin();
    });
  for (const [index, process] of processes.entries()) {
    await goOn(() => void run(process, index));
  }
  let last: number | undefined;
  while (waiting.size > 0) {
    last = choose([...waiting.keys()].sort(), last);
    const { proceed } = waiting.get(last)!;
    waiting.delete(last);
    await goOn(proceed);
  }
  if (failures.length > 0) throw failures[0];
  return ends;
}

/**
 * Every schedule of processes with at most so many preemptions, that is changes to another process while the one before
 * could have gone on.
 *
 * @param attempt Runs one schedule.
 * @returns How many there were.
 */
export async function everySchedule(
  preemptions: number,
  attempt: (choose: Parameters<typeof runInterleaved>[2]) => Promise<void>,
): Promise<number> {
  /** The choices that a schedule begins with; after them, each process goes on until it ends. */
  const prefixes: { readonly choices: readonly number[]; readonly left: number }[] = [
    { choices: [], left: preemptions },
  ];
  let count = 0;
  for (let prefix = prefixes.pop(); prefix; prefix = prefixes.pop()) {
    const { choices, left } = prefix;
    const made: number[] = [];
    await attempt((waiting, last) => {
      const next = choices[made.length];
      const usual = last !== undefined && waiting.includes(last) ? last : waiting[0]!;
      if (next === undefined) {
        for (const other of waiting.filter((one) => one !== usual)) {
          const cost = usual === last ? 1 : 0;
          if (cost <= left) prefixes.push({ choices: [...made, other], left: left - cost });
        }
      }
      made.push(next ?? usual);
      return next ?? usual;
    });
    count += 1;
  }
  return count;
}
