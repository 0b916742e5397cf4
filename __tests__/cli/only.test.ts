import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Environment from "../../ecr/environment";
import { allowJson } from "../../cli/allow/json";
import { mirrorsJson } from "../../cli/mirrors/json";
import { parseJson } from "../support/contracts";
import { run } from "../support/run";

/* What the commands say of images that the `only` of a rule does not list. */

jest.mock("../../environments", () => {
  const { defineEnvironment } = jest.requireActual<typeof Environment>("../../ecr/environment");
  return {
    environments: [
      defineEnvironment({
        name: "shop",
        account: "111111111111",
        regions: ["us-east-1"],
        rules: [
          {
            upstream: "docker-hub",
            credential: { username: "acme-bot" },
            only: ["library/nginx", "grafana/*"],
          },
          { upstream: "quay" },
        ],
      }),
    ],
  };
});

const HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com";
const REASON = "not allowed by `only` of the rule docker-hub";

const before = process.cwd();
let folder: string;
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "ecr-cache-only-")));
  process.chdir(folder);
  writeFileSync("Dockerfile", "FROM redis:7\nFROM nginx:1.27\nFROM quay.io/org/app:1\n");
  writeFileSync(
    "compose.yaml",
    `services:\n  a: { image: "acme/tool:2" }\n  b: { image: "redis:7-alpine" }\n  c: { image: "${HOST}/docker-hub/acme/old:1" }\n  d: { image: "acme/own:1", build: . }\n  e: { image: "acme/\${NAME}:1" }\n`,
  );
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

test("`map` leaves an image alone that `only` does not list", async () => {
  expect(await run("map", "redis", "grafana/loki", "--env", "shop")).toEqual({
    stdout: `redis\n${HOST}/docker-hub/grafana/loki\n`,
    stderr: `redis: left alone: ${REASON}\n`,
    exitCode: 0,
  });
});

test.each([
  [
    ["warm", "redis", "acme/tool"],
    ["redis", "acme/tool"],
  ],
  [["verify", "--pull", "redis"], ["redis"]],
  [["bench", "redis"], ["redis"]],
])("`%j` is refused with each image that `only` does not list", async (args, images) => {
  expect(await run(...args, "--env", "shop")).toEqual({
    stdout: "",
    stderr: images
      .map((image) => `ecr-cache: image "${image}": found no name in the cache: ${REASON}\n`)
      .join(""),
    exitCode: 2,
  });
});

test("`warm` refuses a name of the cache that `only` does not list", async () => {
  expect(await run("warm", `${HOST}/docker-hub/acme/x:1`, "--env", "shop")).toMatchObject({
    stderr: `ecr-cache: image "${HOST}/docker-hub/acme/x:1": ${REASON}\n`,
    exitCode: 2,
  });
});

test("`mirrors` says what `only` does not list, and has the list in its JSON", async () => {
  const { stderr, exitCode } = await run("mirrors", "--env", "shop", "--format", "buildkit");
  expect(stderr).toContain(
    "note: docker.io: a pull of what is not allowed by `only` (library/nginx, grafana/*) finds nothing in the cache.\n",
  );
  expect(exitCode).toBe(0);
  const { stdout } = await run("mirrors", "--env", "shop", "--json");
  expect(parseJson(mirrorsJson, stdout).map(({ only }) => only)).toEqual([
    ["library/nginx", "grafana/*"],
    undefined,
  ]);
});

test("`rewrite --check` lists what the lists would have to have", async () => {
  const { stderr, exitCode } = await run("rewrite", ".", "--env", "shop", "--check");
  expect(stderr).toContain(
    'to allow these images, add to `only`, in the rule of the prefix:\n  docker-hub: "acme/tool", "library/redis"\n',
  );
  expect(stderr).toContain("Dockerfile:1:6: redis:7: left alone: " + REASON);
  expect(stderr).toMatch(new RegExp(`\n +3 +${REASON.replaceAll("`", "\\`")}\n`));
  expect(exitCode).toBe(1);
});

describe("`allow --from-rewrite`", () => {
  test("prints the lists that a code base needs, and what the present ones have more and less", async () => {
    expect(await run("allow", "--env", "shop", "--from-rewrite", ".")).toEqual({
      stdout: `// docker-hub\nonly: ["acme/old", "acme/tool", "library/nginx", "library/redis"],\n// quay\nonly: ["org/app"],\n`,
      stderr: `docker-hub: not allowed now: "acme/old", "acme/tool", "library/redis"\ndocker-hub: not needed: "grafana/*"\n5 repositories of environment shop named in files.\n`,
      exitCode: 0,
    });
  });

  test("prints the same as JSON, without files that are excluded", async () => {
    const { stdout } = await run(
      ...["allow", "--env", "shop", "--from-rewrite", ".", "--exclude", "*.yaml", "--json"],
    );
    expect(parseJson(allowJson, stdout)).toEqual([
      {
        prefix: "docker-hub",
        only: ["library/nginx", "library/redis"],
        notAllowed: ["library/redis"],
        unused: ["grafana/*"],
      },
      { prefix: "quay", only: ["org/app"], notAllowed: [], unused: [] },
    ]);
  });

  test("reports a file that can't be read with exit code 2, and reads the others", async () => {
    writeFileSync("compose.yaml", "services: [\n");
    const { stdout, stderr, exitCode } = await run(
      ...["allow", "--env", "shop", "--from-rewrite", "."],
    );
    expect(stderr).toMatch(/^ecr-cache: compose\.yaml:\d+:\d+: invalid YAML: /);
    expect(stdout).toContain('"library/redis"');
    expect(exitCode).toBe(2);
  });
});
