import { readFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { engines, dependencies, devDependencies } from "../package.json";

const read = (path: string) => readFileSync(join(__dirname, "..", path), "utf8");

test("the CI workflow calls .ci/run on every version of Node.js that package.json names", () => {
  const { jobs } = load(read(".github/workflows/ci.yml")) as {
    jobs: {
      test: { strategy: { matrix: { node: number[] } }; steps: { run?: string; uses?: string }[] };
    };
  };
  const { strategy, steps } = jobs.test;
  const majors = [...engines.node.matchAll(/(\d+)(\.\d+)?/g)].map(([, major]) => Number(major));
  expect(strategy.matrix.node).toEqual(majors);
  expect(steps.map(({ run }) => run)).toContain(".ci/run");
  for (const { uses } of steps) expect(uses ?? "none@").toMatch(/^none@$|@[0-9a-f]{40}$/);
});

test("renovate.json names packages that the project has", () => {
  const { packageRules } = JSON.parse(read("renovate.json")) as {
    packageRules: { matchPackageNames?: string[] }[];
  };
  const installed = Object.keys({ ...dependencies, ...devDependencies });
  const named = packageRules.flatMap(({ matchPackageNames = [] }) => matchPackageNames);
  expect(named.length).toBeGreaterThan(5);
  for (const name of named) {
    const scope = name.endsWith("/**") ? name.slice(0, -"**".length) : undefined;
    const found = installed.filter((each) => (scope ? each.startsWith(scope) : each === name));
    expect([name, found.length > 0]).toEqual([name, true]);
  }
});
