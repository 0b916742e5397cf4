/*
 * Bounded concurrency: for a stream whose results are read as they come, and for a list of which all are wanted.
 */

/**
 * Works on items ahead of whoever reads the results, on at most `concurrency` at a time, and yields the results in the
 * order of the items. No more results than that are held, however many items there are.
 */
export async function* mapConcurrently<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const started: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    // One that fails while another is read is no unhandled rejection: it is thrown when its turn comes.
    result.catch(() => undefined);
    started.push(result);
    if (started.length >= concurrency) yield await started.shift()!;
  }
  while (started.length > 0) yield await started.shift()!;
}

/**
 * Works on all items of a list, on at most `concurrency` at a time, and begins them in their order. None waits for a slow
 * one before it. After an error no further item is begun.
 *
 * @returns The results, in the order of the items.
 */
export async function mapAll<Item, Result>(
  items: readonly Item[],
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results = new Array<Result>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next;
      next += 1;
      try {
        results[index] = await work(items[index]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}
