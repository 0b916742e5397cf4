import { type Command, Option } from "commander";
import { examples } from "../shell/help";
import type { Session } from "../shell/session";
import type { RewriteOptions } from "./run";

/** `ecr-cache rewrite`: the image names in files to the names in the cache. */
export function addRewriteCommand(program: Command, session: Session): void {
  program
    .command("rewrite")
    .description("move the image names in files to the cache; shows what would change")
    .argument("<path...>", "files and folders; what git ignores in a folder is left out")
    .option("--env <env>", "the environment, by the name in its file")
    .option("--region <region>", "one of the environment's regions (default: its first)")
    .addOption(
      new Option(
        "--registry <url>",
        "another registry than the environment's; without --env, upstreams have their default prefixes there",
      ).conflicts("region"),
    )
    .addOption(new Option("--write", "change the files").conflicts("check"))
    .option("--check", "change nothing, and end with 1 if a file would change")
    .option("--json", "print a JSON array of every reference found")
    .option(
      "--image-path <kind=path>",
      "where a kind of Kubernetes custom resource names images, such as Prometheus=spec.image; may be repeated",
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .addHelpText(
      "after",
      examples(
        "ecr-cache rewrite . --env prod",
        "ecr-cache rewrite . --env prod --write",
        "ecr-cache rewrite Dockerfile k8s/ --env prod --region eu-west-1 --check",
        "ecr-cache rewrite . --registry 111111111111.dkr.ecr.us-east-1.amazonaws.com --json",
      ),
    )
    .action(async (paths: readonly string[], options: RewriteOptions) => {
      const { rewriteFiles } = await import("./run");
      await rewriteFiles(paths, options, session);
    });
}
