import { mapAll, mapConcurrently } from "../../../registry/aws/map-concurrently";

/** Work that takes as many turns as the item says, and remembers how much was in work at a time. */
function measured() {
  const begun: number[] = [];
  let inWork = 0;
  let most = 0;
  const work = async (turns: number): Promise<number> => {
    begun.push(turns);
    inWork += 1;
    most = Math.max(most, inWork);
    for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate);
    inWork -= 1;
    if (turns === 13) throw new Error("thirteen");
    return turns * 2;
  };
  return { work, begun, most: () => most };
}

const ITEMS = [9, 1, 5, 2, 8, 3];
const DOUBLED = ITEMS.map((item) => item * 2);

describe("`mapConcurrently`", () => {
  test("yields the results in the order of the items, from at most so many at a time", async () => {
    const { work, most } = measured();
    const results: number[] = [];
    for await (const result of mapConcurrently(ITEMS, 3, work)) results.push(result);
    expect(results).toEqual(DOUBLED);
    expect(most()).toBe(3);
  });

  test("throws an error when its turn comes, after the results before it", async () => {
    const results: number[] = [];
    const read = async () => {
      for await (const result of mapConcurrently([5, 13, 1], 3, measured().work)) {
        results.push(result);
      }
    };
    await expect(read()).rejects.toThrow("thirteen");
    expect(results).toEqual([10]);
  });
});

describe("`mapAll`", () => {
  test("gives the results in the order of the items, from at most so many at a time", async () => {
    const { work, begun, most } = measured();
    expect(await mapAll(ITEMS, 2, work)).toEqual(DOUBLED);
    expect(begun).toEqual(ITEMS);
    expect(most()).toBe(2);
  });

  test("begins no further item after an error", async () => {
    const { work, begun } = measured();
    await expect(mapAll([13, 20, 1, 1, 1], 2, work)).rejects.toThrow("thirteen");
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(begun).toEqual([13, 20]);
  });

  test("takes an empty list", async () => {
    expect(await mapAll([], 3, measured().work)).toEqual([]);
  });
});
