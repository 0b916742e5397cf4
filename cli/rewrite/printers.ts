import type { Reference } from "../../rewrite/reference";
import type { Edit } from "../../rewrite/site";
import type { Warning } from "../../rewrite/warnings";
import { JsonArray } from "../shell/output";
import { type Place, placeIn } from "../shell/rewrite-file";
import type { Sink } from "../shell/session";
import { unifiedDiff } from "./diff";
import type { ReferenceJson } from "./json";

/** What a file names, and how it changes if it does. */
export interface FileResult {
  readonly file: string;
  readonly references: readonly Reference[];
  /** `before`: the file's text, where it is at hand. */
  readonly change?: { readonly edits: readonly Edit[]; readonly before?: string | undefined };
  readonly warningsOf: (reference: Reference) => readonly Warning[];
}

/** A file that could not be worked on. */
export interface FileProblem {
  readonly file: string;
  readonly place?: Place | undefined;
  readonly reason: string;
}

/** Prints on standard output what is found, file by file. */
export interface Printer {
  readonly file: (result: FileResult) => void;
  readonly problem?: (problem: FileProblem) => void;
  readonly end?: () => void;
}

/** The references of a file that change. */
export function changesIn({ references }: Pick<FileResult, "references">): readonly Reference[] {
  return references.filter(({ edits }) => edits.length > 0);
}

/** A diff that `git apply` takes. */
export function diffPrinter(stdout: Sink): Printer {
  return {
    file({ file, change }) {
      if (change?.before !== undefined) {
        stdout.write(unifiedDiff(file.replace(/^\/+/, ""), change.before, change.edits));
      }
    },
  };
}

/** A line for each name that changes. */
export function listPrinter(stdout: Sink): Printer {
  return {
    file(result) {
      for (const reference of changesIn(result)) {
        const { image, cacheUri } = reference;
        stdout.write(`${placeIn(result.file, reference)}: ${image} -> ${cacheUri}\n`);
      }
    },
  };
}

/** Every reference as JSON. */
export function jsonPrinter(stdout: Sink): Printer {
  const json = new JsonArray({ stdout });
  return {
    file({ file, references, warningsOf }) {
      for (const reference of references) {
        const { line, column, image, cacheUri, reason } = reference;
        const warnings = warningsOf(reference);
        json.add({
          file,
          line,
          column,
          image,
          cacheUri,
          ...(reason !== undefined && { reason }),
          ...(warnings.length > 0 && { warnings }),
        } satisfies ReferenceJson);
      }
    },
    problem({ file, place, reason }) {
      json.add({ file, ...place, image: null, cacheUri: null, reason } satisfies ReferenceJson);
    },
    end: () => json.end(),
  };
}
