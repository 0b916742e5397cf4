import { mapJson } from "../../../cli/map/json";
import { parseJson } from "../../support/contracts";
import { run } from "../../support/run";

const HOST = "222222222222.dkr.ecr.us-east-1.amazonaws.com";

test("`map` prints one line per image in the given order, and leaves a name alone, with the reason on stderr, that no rule covers", async () => {
  expect(
    await run("map", "nginx:1.25", "gcr.io/a/b", "localhost/x", "quay.io/a/b", "--env", "staging"),
  ).toEqual({
    stdout: [
      `${HOST}/docker-hub/library/nginx:1.25`,
      "gcr.io/a/b",
      "localhost/x",
      `${HOST}/quay/a/b`,
      "",
    ].join("\n"),
    stderr: [
      "gcr.io/a/b: left alone: ECR can't cache Google Container Registry (gcr.io): aws/containers-roadmap#1581",
      "localhost/x: left alone: private registry localhost",
      "",
    ].join("\n"),
    exitCode: 0,
  });
});

test("`map --json` prints image, cacheUri and reason", async () => {
  const { stdout, stderr, exitCode } = await run(
    ...["map", "nginx", `${HOST}/quay/x`, "ghcr.io/a/b", "--env", "staging", "--json"],
  );
  expect(parseJson(mapJson, stdout)).toEqual([
    { image: "nginx", cacheUri: `${HOST}/docker-hub/library/nginx` },
    {
      image: `${HOST}/quay/x`,
      cacheUri: null,
      reason: "already a cache name (environment staging)",
    },
    {
      image: "ghcr.io/a/b",
      cacheUri: null,
      reason: "environment staging has no rule for GitHub Container Registry (ghcr.io)",
    },
  ]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
});

test("`map --region` uses the registry of that region", async () => {
  const { stdout } = await run("map", "nginx", "--env", "prod", "--region", "eu-west-1");
  expect(stdout).toBe("333333333333.dkr.ecr.eu-west-1.amazonaws.com/docker-hub/library/nginx\n");
});

test.each([["--json"], []])(
  "`map` reports an invalid name in one line, with exit code 2 (%s)",
  async (...json) => {
    expect(await run("map", "nginx", "Nginx", "--env", "staging", ...json)).toEqual({
      stdout: "",
      stderr:
        'ecr-cache: image "Nginx": found upper-case letters in the repository "library/Nginx"; allowed: lower-case ones\n',
      exitCode: 2,
    });
  },
);
