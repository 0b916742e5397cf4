import {
  BufferedSink,
  count,
  escapeOutput,
  escapingSink,
  formatTable,
  JsonArray,
  Progress,
} from "../../../cli/shell/output";

function recorder() {
  const written: string[] = [];
  const sink = { isTTY: true, write: (text: string) => written.push(text) };
  return { written, sink };
}

test("a table's columns are as wide as their widest cell, and its lines have no trailing space", () => {
  const table = formatTable(
    [
      { title: "NAME", value: (row: [string, number]) => row[0] },
      { title: "SIZE", value: (row) => String(row[1]), align: "right" },
      { title: "NOTE", value: () => "" },
    ],
    [
      ["a", 10_000],
      ["longer", 1],
    ],
  );
  expect(table).toBe("NAME     SIZE  NOTE\na       10000\nlonger      1\n");
});

test.each([[[]], [[{ a: 1 }]], [[{ a: [1, { b: "x" }] }, 2, "three"]]])(
  "an array printed item by item reads like one printed at once: %j",
  (items: unknown[]) => {
    const { written, sink } = recorder();
    const array = new JsonArray({ stdout: sink });
    for (const item of items) array.add(item);
    array.end();
    expect(written.join("")).toBe(`${JSON.stringify(items, null, 2)}\n`);
  },
);

test("a buffered sink passes on small writes in large ones, complete and in order", () => {
  const { written, sink } = recorder();
  const buffered = new BufferedSink(sink);
  const pieces = Array.from({ length: 10_000 }, (_, at) => `line ${at} of many\n`);
  for (const piece of pieces) buffered.write(piece);
  buffered.flush();
  buffered.flush();
  expect(written.join("")).toBe(pieces.join(""));
  expect(written.length).toBeLessThan(5);
});

test("`count` uses the plural except for 1", () => {
  expect([
    count(0, "file"),
    count(1, "file"),
    count(2, "file"),
    count(2, "entry", "entries"),
  ]).toEqual(["0 files", "1 file", "2 files", "2 entries"]);
});

describe("`escapeOutput`", () => {
  test.each([
    [
      "a terminal's escape sequences",
      "a\u001b[2Jb\u001b]0;title\u0007",
      "a\\u001b[2Jb\\u001b]0;title\\u0007",
    ],
    ["C1 controls and DEL", "a\u009b2J\u007f", "a\\u009b2J\\u007f"],
    ["a carriage return that would overwrite the line", "good\rbad", "good\\u000dbad"],
    ["what reorders a line", "a\u202eb\u2066c", "a\\u202eb\\u2066c"],
    [
      "a command for GitHub",
      "x\n::error::pwned\n  ::add-mask::x",
      "x\n\\u003a:error::pwned\n  \\u003a:add-mask::x",
    ],
    [
      "one in a line of a diff",
      "+ ::error::x\n ::y::\n-::z::",
      "+ \\u003a:error::x\n \\u003a:y::\n-\\u003a:z::",
    ],
    [
      "a command for Azure or TeamCity",
      "a ##vso[task]b ##[error]c ##teamcity[d",
      "a #\\u0023vso[task]b #\\u0023[error]c #\\u0023teamcity[d",
    ],
  ])("`escapeOutput` escapes %s", (_, text, expected) => {
    expect(escapeOutput(text)).toBe(expected);
  });

  test.each(["a\r\nb\tc\n", "a::b\n## c [d]\n", "ünïcödé 😀 │"])(
    "`escapeOutput` leaves %j alone",
    (text) => {
      expect(escapeOutput(text)).toBe(text);
    },
  );

  test("escaped JSON has the same meaning", () => {
    const value = { "##[x]": "a\u009b\u007f\u202e\u2028##vso[\r\n::b" };
    expect(JSON.parse(escapeOutput(JSON.stringify(value, null, 2)))).toEqual(value);
  });
});

describe("progress", () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000 }));
  afterEach(() => jest.useRealTimers());

  test("progress is redrawn at most ten times a second, and removed at the end", () => {
    const { written, sink } = recorder();
    const progress = new Progress(sink);
    progress.update(() => "1");
    progress.update(() => "2");
    jest.advanceTimersByTime(100);
    progress.update(() => "3");
    progress.clear();
    progress.clear();
    expect(written.join("")).toBe("\r\u001b[K1\r\u001b[K3\r\u001b[K");
  });

  test("progress is drawn by control sequences that are not escaped", () => {
    const { written, sink } = recorder();
    new Progress(escapingSink(sink)).update(() => "1");
    expect(written.join("")).toBe("\r\u001b[K1");
  });

  test("progress is not shown without a terminal", () => {
    const { written, sink } = recorder();
    const progress = new Progress({ ...sink, isTTY: false });
    progress.update(() => "1");
    progress.clear();
    expect(written).toEqual([]);
  });
});
