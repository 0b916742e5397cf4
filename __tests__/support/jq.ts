import type { Availability } from "../../host/availability";
import { findProgram } from "../../host/find-program";

/** Whether there is jq, which workflows of the documentation run. */
export const jq: Availability =
  findProgram("jq") === undefined
    ? { ok: false, reason: "there is no jq. Install it (apt-get install jq)" }
    : { ok: true };
