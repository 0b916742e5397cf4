import { UserError } from "../../ecr/user-error";

/** Signals that request an end. */
const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Does work that has to end in order: the signals that request an end do not end the process, but abort what the work is
 * given, once. The reason is a `UserError`.
 */
export async function interruptible<Result>(
  work: (interruption: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) =>
    controller.abort(new UserError(`interrupted by ${signal}`));
  // A terminal that was closed: there is nobody to write to, which must not end the work either.
  const ignore = () => undefined;
  for (const signal of ENDINGS) process.on(signal, stop);
  process.stderr.on("error", ignore);
  try {
    return await work(controller.signal);
  } finally {
    for (const signal of ENDINGS) process.off(signal, stop);
    process.stderr.off("error", ignore);
  }
}
