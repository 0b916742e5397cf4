import { type Command, Option } from "commander";
import { UserError } from "../../ecr/user-error";
import { environmentOption } from "../shell/context";
import { helpDetails } from "../shell/help";
import { excludeOption, repeatable } from "../shell/options";
import type { Session } from "../shell/session";
import { rewriteJson } from "./json";
import { FORMATS, type RewriteOptions } from "./options";

/** `ecr-cache rewrite`: the image names in files to the names in the cache. */
export function addRewriteCommand(program: Command, session: Session): void {
  program
    .command("rewrite")
    .description("rewrite the image names in files to those of the cache; shows what would change")
    .argument(
      "[path...]",
      "files and folders; files in folders that git ignores and does not track are skipped",
    )
    .addOption(environmentOption())
    .option("--region <region>", "one of the environment's regions (default: its first)")
    .addOption(
      new Option(
        "--registry <url>",
        "a registry other than the environment's; without --env, each upstream has its default prefix there",
      ).conflicts("region"),
    )
    .addOption(
      new Option(
        "--stdin",
        "rewrite Kubernetes manifests in a pipe, from standard input to standard output, one document after the other",
      ).conflicts(["write", "check", "json", "format", "report"]),
    )
    .addOption(new Option("--write", "change the files").conflicts("check"))
    .option("--check", "change nothing, and exit with 1 if a file would change")
    .option("--json", "print every reference found as JSON, in the shape below")
    .addOption(
      new Option(
        "--format <format>",
        "print the names that bypass the cache as annotations for GitHub Actions, GitLab (Code Quality) or as SARIF",
      )
        .choices(FORMATS)
        .conflicts("json"),
    )
    .addOption(
      new Option(
        "--report <file>",
        "also write what would change as a page: by folder, registry and file type, with every diff and what is left alone",
      ).conflicts("write"),
    )
    .option("--verbose", "name each place to look at, and each reason, however many there are")
    .option("--strict", "a file that can't be read is a failure")
    .addOption(excludeOption())
    .option(
      "--image-path <kind=path>",
      "where a kind of Kubernetes custom resource names images, such as Prometheus=spec.image; repeatable",
      repeatable,
      [] as readonly string[],
    )
    .option(
      "--assume-official <name>",
      "an official image of Docker Hub that is newer than the list of them; may be repeated",
      repeatable,
      [] as readonly string[],
    )
    .option("--include-source", "read strings in programs, too, such as those of Testcontainers")
    .addHelpText(
      "after",
      helpDetails({
        json: { "--json": rewriteJson },
        exitCodes: {
          0: "done",
          1: "with --check: a file would change; with --write: a file could not be written",
          2: "wrong use, or no file could be read; with --check: nor a file whose name says that it names images; with --strict: nor any other",
        },
        examples: [
          "ecr-cache rewrite . --env prod",
          "ecr-cache rewrite . --env prod --write",
          "ecr-cache rewrite Dockerfile k8s/ --env prod --region eu-west-1 --check",
          "kubectl kustomize . | ecr-cache rewrite --stdin --env prod | kubectl apply -f -",
          "ecr-cache rewrite . --registry 111111111111.dkr.ecr.us-east-1.amazonaws.com --json",
        ],
      }),
    )
    .action(async (paths: readonly string[], options: RewriteOptions) => {
      if ((options.stdin === true) === paths.length > 0) {
        throw new UserError("rewrite needs files and folders, or --stdin, and not both");
      }
      if (options.stdin) {
        const { rewriteStream } = await import("./stdin");
        await rewriteStream(options, session);
        return;
      }
      const { rewriteFiles } = await import("./run");
      await rewriteFiles(paths, options, session);
    });
}
