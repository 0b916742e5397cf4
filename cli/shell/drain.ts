import { once } from "node:events";
import type { Writable } from "node:stream";
import type { Sink } from "./session";

/**
 * Waits until the reader of the output has caught up: what is written to a pipe faster than it is read would pile up in
 * memory.
 */
export async function drained(sink: Sink): Promise<void> {
  const stream = sink as Partial<Writable>;
  if (stream.writableNeedDrain === true) await once(stream as Writable, "drain");
}

/** Waits until what was written has left this process. */
export function flushed(sink: Sink): Promise<void> {
  const stream = (sink.raw ?? sink) as Partial<Writable>;
  return new Promise((resolve) => {
    if (stream.writableLength === undefined || stream.writableLength === 0) resolve();
    else stream.write?.("", () => resolve());
  });
}
