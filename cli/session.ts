/** Where a program writes to. */
export interface Sink {
  write(text: string): unknown;
  /** Whether someone watches: then long work shows its progress. */
  readonly isTTY?: boolean;
}

/** 0: done. 1: findings, something is not as it should be. 2: wrong use, or a failure. */
export type ExitCode = 0 | 1 | 2;

/** One run of the command: where its output goes, and how it ends. */
export interface Session {
  /** What the user asked for, and nothing else: it may be piped on. */
  readonly stdout: Sink;
  /** Messages, warnings and progress. */
  readonly stderr: Sink;
  /** A command raises it to say that it has findings or has failed. */
  exitCode: ExitCode;
}

/** The session of this process. */
export function processSession(): Session {
  return { stdout: process.stdout, stderr: process.stderr, exitCode: 0 };
}
