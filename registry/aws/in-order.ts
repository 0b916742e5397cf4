/**
 * Works on items ahead of whoever reads the results, at most `concurrency` at a time, and gives the results in the order
 * of the items. What is held is those results only, however many items there are.
 */
export async function* inOrder<Item, Result>(
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
