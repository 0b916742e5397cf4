import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UserError } from "../../ecr/user-error";
import { MAX_SECRET_BYTES } from "../../registry/credential-secret";
import type { Session, Source } from "./session";

/** Discards what a terminal would show. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

/** A question that is asked at a terminal. */
interface Question {
  readonly prompt: string;
  /** Whether what is typed is not shown. */
  readonly isHidden?: boolean;
  /** Ends the question. */
  readonly interruption?: AbortSignal;
}

/** What a person types at a terminal, up to the end of the line; undefined if the input ends before. */
function ask(
  source: Source,
  session: Session,
  { prompt, isHidden = false, interruption }: Question,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const reader = createInterface({
      input: source,
      // A terminal echoes what is typed, unless readline reads the keys.
      ...(isHidden && { output: nowhere(), terminal: true }),
      ...(interruption && { signal: interruption }),
    });
    let answer: string | undefined;
    session.stderr.write(prompt);
    reader.once("line", (line) => {
      answer = line;
      reader.close();
    });
    reader.once("SIGINT", () => reader.close());
    reader.once("close", () => {
      if (isHidden || answer === undefined) session.stderr.write("\n");
      resolve(answer);
    });
  });
}

/**
 * Asks for an approval at a terminal.
 *
 * @param expected The only answer that approves.
 * @throws UserError for every other answer, and if the input ends.
 */
export async function confirm(
  session: Session,
  question: string,
  expected: string,
  interruption?: AbortSignal,
): Promise<void> {
  const { stdin } = session;
  const answer =
    stdin?.isTTY === true
      ? await ask(stdin, session, { prompt: question, interruption })
      : undefined;
  interruption?.throwIfAborted();
  if (answer?.trim() !== expected) {
    throw new UserError(
      `confirmation: found ${JSON.stringify(answer?.trim() ?? "")}; allowed: ${expected}; nothing was changed`,
    );
  }
}

async function readAll(source: Source): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    // More than this can't be a token, and may be the wrong file.
    if (length > MAX_SECRET_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}

/**
 * Reads a token from a terminal, which does not show it, or from a pipe. Arguments and environment variables would be visible
 * to other processes.
 *
 * @param prompt What the terminal asks.
 * @throws UserError if there is no standard input, or the input ends.
 */
export async function readToken(
  session: Session,
  prompt: string,
  interruption?: AbortSignal,
): Promise<string> {
  const { stdin } = session;
  if (!stdin) throw new UserError("there is no terminal to type the token at. Pipe it in");
  if (stdin.isTTY) {
    const token = await ask(stdin, session, { prompt, isHidden: true, interruption });
    interruption?.throwIfAborted();
    if (token !== undefined) return token;
    throw new UserError("the input ended before a token was entered; nothing was changed");
  }
  const text = await readAll(stdin);
  return text.replace(/\r?\n$/, "");
}
