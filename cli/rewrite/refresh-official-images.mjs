// Writes official-images.json, the names that Docker Hub's `library/` has or has had, from a clone with its history:
//
//   git clone https://github.com/docker-library/official-images.git CLONE
//   npm run official-images CLONE
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath, URL } from "node:url";
import { format } from "prettier";

const [, , clone] = process.argv;
if (clone === undefined) {
  console.error("found no folder; allowed: the path of a clone of docker-library/official-images");
  process.exit(2);
}
const git = (...args) =>
  execFileSync("git", ["-C", clone, ...args], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });

const LIBRARY = "library/";
// Images that are no longer maintained are still on Docker Hub: what was removed from the folder counts, too.
const names = [
  git("ls-tree", "--name-only", "HEAD", LIBRARY),
  git("log", "--name-only", "--format=", "--diff-filter=D", "--", LIBRARY),
]
  .flatMap((list) => list.split("\n"))
  .filter((path) => path.startsWith(LIBRARY))
  .map((path) => path.slice(LIBRARY.length))
  .filter((name) => /^[a-z0-9][a-z0-9._-]*$/.test(name));

const [commit, date] = git("log", "-1", "--format=%H %cs").trim().split(" ");
const list = {
  source: "https://github.com/docker-library/official-images/tree/master/library",
  commit,
  date,
  names: [...new Set(names)].sort(),
};
writeFileSync(
  fileURLToPath(new URL("../../rewrite/official-images.json", import.meta.url)),
  await format(JSON.stringify(list), { parser: "json" }),
);
