// The floors of `ecr-cache rewrite`: finds every file of a folder and reads it once, as text.
//
//   node bench/rewrite-floor.cjs sync FOLDER      in the fastest way that Node.js has
//   node bench/rewrite-floor.cjs async FOLDER     as programs that stream do, one after the other
const fs = require("node:fs");
const path = require("node:path");

function* files(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* files(file);
    else yield file;
  }
}

async function read(way, folder) {
  let length = 0;
  for (const file of files(folder)) {
    const text =
      way === "sync" ? fs.readFileSync(file, "utf8") : await fs.promises.readFile(file, "utf8");
    length += text.length;
  }
  return length;
}

const [, , way, folder] = process.argv;
read(way, folder);
