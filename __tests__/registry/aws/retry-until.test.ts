import { retryUntil } from "../../../registry/aws/retry-until";

/** Work that gives one result after the other. */
function counting() {
  let number = 0;
  return () => Promise.resolve((number += 1));
}

test("`retryUntil` ends with the first final result", async () => {
  const sleep = jest.fn(() => Promise.resolve());
  expect(await retryUntil(counting(), (number) => number === 3, { sleep })).toBe(3);
  expect(sleep.mock.calls).toEqual([[2_000], [4_000]]);
});

test("`retryUntil` ends with the last result when its attempts are used up", async () => {
  const sleep = jest.fn(() => Promise.resolve());
  const policy = { attempts: 5, firstWait: 100, maxWait: 300, sleep };
  expect(await retryUntil(counting(), () => false, policy)).toBe(5);
  expect(sleep.mock.calls).toEqual([[100], [200], [300], [300]]);
});

test("`retryUntil` does not retry work that throws", async () => {
  const work = jest.fn(() => Promise.reject(new Error("no")));
  await expect(retryUntil(work, () => false)).rejects.toThrow("no");
  expect(work).toHaveBeenCalledTimes(1);
});
