import { PassThrough, Readable } from "node:stream";
import { readToken } from "../../../cli/shell/prompt";
import type { Session, Source } from "../../../cli/shell/session";

const TOKEN = "dckr_pat_never-to-be-seen";
const PROMPT = "Docker Hub (not shown): ";

function session(stdin?: Source) {
  const written: string[] = [];
  const sink = { write: (text: string) => written.push(text) };
  const made: Session = { stdout: sink, stderr: sink, exitCode: 0, ...(stdin && { stdin }) };
  return { made, output: () => written.join("") };
}

/** A terminal at which somebody presses keys. */
function terminal() {
  const modes: boolean[] = [];
  const source = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => modes.push(mode),
  });
  return { source, modes };
}

describe("from a pipe", () => {
  test.each([
    [[TOKEN], TOKEN],
    [[`${TOKEN}\n`], TOKEN],
    [[`${TOKEN}\r\n`], TOKEN],
    [["dckr_pat_", "never-to-be-seen", "\n"], TOKEN],
    [[Buffer.from(TOKEN)], TOKEN],
    [[], ""],
    [[`${TOKEN}\n\n`], `${TOKEN}\n`],
    [[` ${TOKEN}`], ` ${TOKEN}`],
  ])("%j: all of it, without the end of the line", async (chunks, token) => {
    const { made, output } = session(Readable.from(chunks));
    expect(await readToken(made, PROMPT)).toBe(token);
    expect(output()).toBe("");
  });

  test("a file that is far too long is not read to its end", async () => {
    let read = 0;
    const endless = Readable.from(
      (function* () {
        for (;;) {
          read += 1;
          yield "x".repeat(10_000);
        }
      })(),
    );
    const { made } = session(endless);
    expect((await readToken(made, PROMPT)).length).toBeGreaterThan(65_536);
    expect(read).toBeLessThan(50);
  });
});

describe("from a terminal", () => {
  test("nothing of it is shown", async () => {
    const { source, modes } = terminal();
    const { made, output } = session(source);
    const reading = readToken(made, PROMPT);
    source.write(`${TOKEN}x\u007f\r`);
    expect(await reading).toBe(TOKEN);
    expect(output()).toBe(`${PROMPT}\n`);
    expect(modes).toEqual([true, false]);
  });

  test.each([
    ["Ctrl-C", "\u0003"],
    ["Ctrl-D", "\u0004"],
  ])("%s ends it", async (_, key) => {
    const { source, modes } = terminal();
    const { made, output } = session(source);
    const reading = readToken(made, PROMPT);
    source.write(key);
    await expect(reading).rejects.toThrow(
      "the input ended before a token was entered; nothing was changed",
    );
    expect(output()).toBe(`${PROMPT}\n`);
    expect(modes.at(-1)).toBe(false);
  });
});

test("without a terminal and a pipe there is none", async () => {
  await expect(readToken(session().made, PROMPT)).rejects.toThrow(
    "there is no terminal to type the token at. Pipe it in",
  );
});
