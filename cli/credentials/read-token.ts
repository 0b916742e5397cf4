import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UserError } from "../../ecr/user-error";
import { MAX_SECRET_BYTES } from "../../registry/credential-secret";
import type { Session, Source } from "../shell/session";

/** Discards what a terminal would show. */
function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

function ask(source: Source, session: Session, prompt: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = createInterface({ input: source, output: nowhere(), terminal: true });
    let isAnswered = false;
    session.stderr.write(prompt);
    reader.once("line", (line) => {
      isAnswered = true;
      reader.close();
      resolve(line);
    });
    reader.once("SIGINT", () => reader.close());
    reader.once("close", () => {
      session.stderr.write("\n");
      if (!isAnswered)
        reject(new UserError("the input ended before a token was entered; nothing was changed"));
    });
  });
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
export async function readToken(session: Session, prompt: string): Promise<string> {
  const { stdin } = session;
  if (!stdin) throw new UserError("there is no terminal to type the token at. Pipe it in");
  if (stdin.isTTY) return ask(stdin, session, prompt);
  const text = await readAll(stdin);
  return text.replace(/\r?\n$/, "");
}
