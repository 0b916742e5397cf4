/** Whether this machine has what a command or a test needs, and if not, what to do about it. */
export type Availability =
  { readonly ok: true } | { readonly ok: false; /** One line. */ readonly reason: string };
