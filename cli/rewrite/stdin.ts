import { Mapper } from "../../rewrite/reference";
import { Rewriter } from "../../rewrite/rewrite";
import { UserError } from "../../ecr/user-error";
import { count } from "../shell/output";
import type { Session, Source } from "../shell/session";
import type { RewriteOptions } from "./options";
import { cacheFor, imagePaths } from "./run";

/** Characters of `\n---` and the white space after it. */
const SEPARATOR_LENGTH = 5;

/** The YAML documents of a stream, each as soon as the next one begins. */
async function* documentsOf(source: Source): AsyncGenerator<string> {
  const chunks = source.setEncoding("utf8") as AsyncIterable<string>;
  const separator = /\n---(?=\s)/g;
  let rest = "";
  for await (const chunk of chunks) {
    // Only what is new is searched, and what a separator may have begun with before.
    separator.lastIndex = Math.max(rest.length - SEPARATOR_LENGTH + 1, 0);
    rest += chunk;
    let start = 0;
    for (let match = separator.exec(rest); match; match = separator.exec(rest)) {
      const end = match.index + 1;
      yield rest.slice(start, end);
      start = end;
    }
    rest = rest.slice(start);
  }
  if (rest !== "") yield rest;
}

/**
 * Rewrites manifests in a pipe: what comes on standard input goes to standard output, with the names of the cache.
 *
 * @throws UserError for what is not YAML.
 */
export async function rewriteStream(options: RewriteOptions, session: Session): Promise<void> {
  const rewriter = new Rewriter({
    mapper: new Mapper(await cacheFor(options), new Set(options.assumeOfficial)),
    imagePaths: imagePaths(options.imagePath),
  });
  const { stdin, stdout } = session;
  // What is piped on has to arrive as it is; a terminal is no pipe.
  const sink = stdout.isTTY ? stdout : (stdout.raw ?? stdout);
  let renamed = 0;
  for await (const document of stdin ? documentsOf(stdin) : []) {
    const result = rewriter.rewrite(document, { path: "manifests.yaml" }, true);
    if (result.problem) throw new UserError(`standard input: ${result.problem.reason}`);
    renamed += result.references.filter(({ edits }) => edits.length > 0).length;
    sink.write(result.text);
  }
  session.stderr.write(`${count(renamed, "image")} rewritten.\n`);
}
