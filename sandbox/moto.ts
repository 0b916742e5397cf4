import { spawn } from "node:child_process";
import { UserError } from "../ecr/user-error";
import type { Availability } from "../host/availability";
import { findProgram } from "../host/find-program";
import { withoutMisleading } from "./command-environment";

/** A moto_server that we have started. */
export interface MotoProcess {
  readonly url: string;
  /** Stops it, and waits until it has ended. */
  stop(): Promise<void>;
}

const PROGRAM = "moto_server";
const HOW_TO_GET_IT =
  "allowed: moto 5 on the PATH (pip install 'moto[server]'), or a running one (docker run -p 5000:5000 motoserver/moto) with --moto-url http://127.0.0.1:5000";

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether there is a moto_server on the PATH. */
export function findMoto(environment: Environment = process.env): Availability {
  return findProgram(PROGRAM, environment) === undefined
    ? { ok: false, reason: `${PROGRAM}: found no such program; ${HOW_TO_GET_IT}` }
    : { ok: true };
}

/**
 * Runs moto until its standard input is closed by us, or by the system when this process ends, so that none is left
 * behind. It is in a process group of its own, because a Ctrl-C that ends a deployment must not end its AWS first.
 */
const KEEPER = `exec 3<&0; { cat <&3 >/dev/null; kill $$; } 2>/dev/null & exec "$@" 3<&-`;

/** How long moto may take to start on a busy machine, in milliseconds. */
const START_TIMEOUT = 60_000;

/**
 * Starts moto on a free port of the loopback interface.
 *
 * @throws UserError where there is no moto_server, or it ends at once.
 */
export function startMoto(): Promise<MotoProcess> {
  const available = findMoto();
  if (!available.ok) return Promise.reject(new UserError(available.reason));
  const child = spawn("sh", ["-c", KEEPER, "sh", PROGRAM, "-H", "127.0.0.1", "-p", "0"], {
    // A profile that is in no file makes moto fail (boto3 reads it), and so may the other variables.
    // Its own account would be that of every request.
    env: {
      ...withoutMisleading(process.env),
      MOTO_ACCOUNT_ID: undefined,
      MOTO_PORT: undefined,
    },
    stdio: ["pipe", "ignore", "pipe"],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  // Writing to a process that has ended is not an error here.
  child.stdin.on("error", () => undefined);
  const stop = () => {
    child.stdin.end();
    return ended;
  };

  return new Promise((resolve, reject) => {
    let log: string | undefined = "";
    const fail = (found: string) => {
      clearTimeout(timer);
      child.stdin.end();
      reject(new UserError(`${PROGRAM}: found ${found}; ${HOW_TO_GET_IT}\n${log ?? ""}`.trim()));
    };
    const timer = setTimeout(
      () => fail(`no answer within ${START_TIMEOUT / 1000} s`),
      START_TIMEOUT,
    );
    child.once("exit", (code) => fail(`that it ended with ${code}`));
    child.stderr.setEncoding("utf8");
    // Moto logs every request here: read on, or it would block when the pipe is full.
    child.stderr.on("data", (text: string) => {
      if (log === undefined) return;
      log += text;
      const url = /Running on (http:\/\/127\.0\.0\.1:[0-9]+)/.exec(log)?.[1];
      if (url === undefined) return;
      log = undefined;
      clearTimeout(timer);
      resolve({ url, stop });
    });
  });
}
