import { execFileSync } from "node:child_process";
import { exportLines } from "../../sandbox/shell";

test("`exportLines` turns one environment into another in a shell", () => {
  const from = { KEPT: "1", CHANGED: "before", GONE: "x", NEVER: undefined };
  const to = {
    KEPT: "1",
    CHANGED: "after",
    QUOTED: `it's "$HOME" and \`x\``,
    URL: "http://127.0.0.1:1/",
  };
  const lines = exportLines(from, to);
  expect(lines).toEqual([
    "export CHANGED=after",
    `export QUOTED='it'\\''s "$HOME" and \`x\`'`,
    "export URL=http://127.0.0.1:1/",
    "unset GONE",
  ]);
  expect(exportLines({ GONE: "x" }, { KEPT: "1" }, ["KEPT", "ELSEWHERE"])).toEqual([
    "export KEPT=1",
    "unset GONE ELSEWHERE",
  ]);
  const output = execFileSync("sh", ["-c", `${lines.join("\n")}\nprintf %s "$QUOTED"`], {
    encoding: "utf8",
  });
  expect(output).toBe(to.QUOTED);
});
