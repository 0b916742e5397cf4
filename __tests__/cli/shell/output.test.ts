import { BufferedSink, count, formatTable, JsonArray, Progress } from "../../../cli/shell/output";

function recorder() {
  const written: string[] = [];
  const sink = { isTTY: true, write: (text: string) => written.push(text) };
  return { written, sink };
}

test("a table's columns are as wide as their widest cell, and its lines have no space at the end", () => {
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

test("what is written in small pieces arrives in large ones, all of it and in order", () => {
  const { written, sink } = recorder();
  const buffered = new BufferedSink(sink);
  const pieces = Array.from({ length: 10_000 }, (_, at) => `line ${at} of many\n`);
  for (const piece of pieces) buffered.write(piece);
  buffered.flush();
  buffered.flush();
  expect(written.join("")).toBe(pieces.join(""));
  expect(written.length).toBeLessThan(5);
});

test("a number agrees with its noun", () => {
  expect([
    count(0, "file"),
    count(1, "file"),
    count(2, "file"),
    count(2, "entry", "entries"),
  ]).toEqual(["0 files", "1 file", "2 files", "2 entries"]);
});

describe("progress", () => {
  beforeEach(() => jest.useFakeTimers({ now: 1_000 }));
  afterEach(() => jest.useRealTimers());

  test("is redrawn ten times a second at most, and taken away at the end", () => {
    const { written, sink } = recorder();
    const progress = new Progress(sink);
    progress.update(() => "1");
    progress.update(() => "2");
    jest.advanceTimersByTime(100);
    progress.update(() => "3");
    progress.clear();
    progress.clear();
    expect(written).toEqual(["\r\u001b[K1", "\r\u001b[K3", "\r\u001b[K"]);
  });

  test("is silent where nobody watches", () => {
    const { written, sink } = recorder();
    const progress = new Progress({ ...sink, isTTY: false });
    progress.update(() => "1");
    progress.clear();
    expect(written).toEqual([]);
  });
});
