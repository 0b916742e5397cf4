/*
 * Bounded concurrency: for streams whose items are read as they come, and for a list of which all are wanted.
 */

/**
 * Works on items ahead of the reader of the results, on at most `concurrency` at a time, and yields the results in the
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
 * Works on all items of a list, on at most `concurrency` at a time, and starts them in their order. None waits for a slow
 * one before it. After an error no further item is started.
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

/**
 * Reads items ahead of the consumer, starting now; no more than `size` of them are held. An error of the items is
 * thrown after those before it.
 */
export function readAhead<Item>(items: AsyncIterable<Item>, size: number): AsyncGenerator<Item> {
  const held: Item[] = [];
  let end: { readonly error?: unknown } | undefined;
  let isStopped = false;
  let wake: () => void = () => undefined;
  // Only one side waits at a time: the reader for room, or the taker for an item.
  const change = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  const read = async () => {
    for await (const item of items) {
      held.push(item);
      wake();
      while (held.length >= size && !isStopped) await change();
      if (isStopped) return;
    }
  };
  const finish = (ending: { readonly error?: unknown }) => {
    end = ending;
    wake();
  };
  read().then(
    () => finish({}),
    (error: unknown) => finish({ error }),
  );

  async function* take(): AsyncGenerator<Item> {
    try {
      for (;;) {
        while (held.length === 0 && !end) await change();
        if (held.length === 0) break;
        const item = held.shift()!;
        wake();
        yield item;
      }
      if (end && "error" in end) throw end.error;
    } finally {
      isStopped = true;
      wake();
    }
  }
  return take();
}
