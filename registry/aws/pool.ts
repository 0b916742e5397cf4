/**
 * Works through a list from its beginning, with at most `concurrency` items in work at a time, until `shouldStop` says
 * so.
 *
 * @returns How many items were taken; when the promise resolves, all of them are done.
 */
export async function forEachUntil<Item>(
  items: readonly Item[],
  concurrency: number,
  shouldStop: () => boolean,
  work: (item: Item) => Promise<void>,
): Promise<number> {
  let taken = 0;
  const worker = async (): Promise<void> => {
    while (taken < items.length && !shouldStop()) {
      const item = items[taken]!;
      taken += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return taken;
}
