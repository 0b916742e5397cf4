/** Where a program writes to. */
export interface Sink {
  write(text: string): unknown;
  /** Whether someone watches: then long work shows its progress. */
  readonly isTTY?: boolean;
  /** The same without escaping, for control sequences of our own. Default: there is no escaping. */
  readonly raw?: Sink;
}

/** Where a program reads what the user types or pipes in. */
export type Source = NodeJS.ReadableStream & {
  /** Whether a person types. */
  readonly isTTY?: boolean;
  /** Of a terminal: whether every key comes at once, and none is shown. */
  setRawMode?(mode: boolean): unknown;
};

/** 0: done. 1: findings, something is not as it should be. 2: wrong use, or a failure. */
export type ExitCode = 0 | 1 | 2;

/** One run of the command: where its output goes, and how it ends. */
export interface Session {
  /** What the user asked for, and nothing else: it may be piped on. */
  readonly stdout: Sink;
  /** Messages, warnings and progress. */
  readonly stderr: Sink;
  /** What only a person or a pipe may say, such as a token. Absent: nobody is there. */
  readonly stdin?: Source;
  /** A command raises it to say that it has findings or has failed. */
  exitCode: ExitCode;
}

/** The session of this process. */
export function processSession(): Session {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    // Node opens it when it is first looked at.
    get stdin() {
      return process.stdin;
    },
    exitCode: 0,
  };
}
