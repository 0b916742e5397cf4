import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { UserError } from "../../ecr/user-error";
import { MAX_SECRET_BYTES } from "../../registry/credential-secret";
import type { Session, Source } from "../shell/session";

/** Takes in what a terminal would show. */
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
        reject(new UserError("token: found none: you ended the input; nothing was changed"));
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
    // More than this can't be a token, and may be a file that was taken for one.
    if (length > MAX_SECRET_BYTES) break;
  }
  return Buffer.concat(chunks).toString();
}

/**
 * Reads a token: from a person, who sees nothing of it on the terminal, or from a pipe. It is nowhere else: arguments
 * and environment variables are seen by other processes.
 *
 * @param prompt What a person is asked.
 * @throws UserError if there is nobody to ask, or the person ends the input.
 */
export async function readToken(session: Session, prompt: string): Promise<string> {
  const { stdin } = session;
  if (!stdin)
    throw new UserError("token: found neither a terminal nor a pipe; allowed: one of them");
  if (stdin.isTTY) return ask(stdin, session, prompt);
  const text = await readAll(stdin);
  return text.replace(/\r?\n$/, "");
}
