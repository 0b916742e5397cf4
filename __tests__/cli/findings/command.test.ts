import { findingsJson } from "../../../cli/findings/json";
import { imagesJson } from "../../../cli/images/json";
import { useAccount } from "../../support/account";
import { parseJson } from "../../support/contracts";
import { cache } from "../../support/registry-environments";
import { run } from "../../support/run";

jest.mock("../../../environments", () =>
  jest.requireActual<object>("../../support/registry-environments"),
);

const account = useAccount(cache);

const INDEX = "application/vnd.oci.image.index.v1+json";
const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000);

interface Seeded {
  /** The first digits of the digest, which say how many findings of each severity there are. */
  readonly digits: string;
  readonly tags?: readonly string[];
  readonly pulled?: number;
  readonly index?: true;
  readonly subject?: string;
}

const digestOf = (digits: string) => `sha256:${digits.padEnd(64, "0")}`;

async function repository(name: string, images: readonly Seeded[]): Promise<void> {
  await account.call("CreateRepository", { repositoryName: name });
  const state = account.service.registry("us-east-1").repositories.get(name)!;
  for (const { digits, tags = [], pulled, index, subject } of images) {
    const digest = digestOf(digits);
    state.images.set(digest, {
      digest,
      manifest: "{}",
      mediaType: index ? INDEX : IMAGE,
      children: index ? [digestOf("child")] : [],
      ...(subject !== undefined && { subject }),
      sizeInBytes: 1_000,
      pushedAt: daysAgo(100),
      ...(pulled !== undefined && { lastPulledAt: daysAgo(pulled) }),
      tags: new Set(tags),
      status: "ACTIVE",
    });
  }
}

const scanAll = () => {
  account.service.registry("us-east-1").scanning = {
    scanType: "BASIC",
    rules: [
      {
        scanFrequency: "SCAN_ON_PUSH",
        repositoryFilters: [{ filter: "quay/*", filterType: "WILDCARD" }],
      },
    ],
  };
};

async function findings(...argv: readonly string[]) {
  const region = ["--region", "us-east-1"];
  const { stdout, stderr, exitCode } = await run(
    "findings",
    "--env",
    "cache",
    ...region,
    ...argv,
    "--json",
  );
  return { rows: parseJson(findingsJson, stdout), stderr, exitCode };
}

test("`findings` counts what scans found by severity, and calls ECR once for each image that it can scan", async () => {
  scanAll();
  await repository("quay/org/app", [
    { digits: "21", tags: ["bad"] },
    { digits: "001", tags: ["medium"] },
    { digits: "000", tags: ["good"] },
    { digits: "abc", tags: ["index"], index: true },
    { digits: "def", subject: digestOf("21") },
  ]);
  account.calls.reset();
  const { rows, stderr, exitCode } = await findings();
  const of = (tag: string) => rows.find(({ tags }) => tags.includes(tag));
  expect(rows).toHaveLength(3);
  expect(of("bad")).toMatchObject({
    status: "COMPLETE",
    worst: "CRITICAL",
    counts: { CRITICAL: 2, HIGH: 1 },
  });
  expect(of("medium")).toMatchObject({ worst: "MEDIUM", counts: { MEDIUM: 1 } });
  expect(of("good")).toMatchObject({ worst: null, counts: {} });
  expect(account.calls.count({ action: "DescribeImageScanFindings" })).toBe(3);
  expect(stderr).toBe("3 images: 2 critical, 1 high, 1 medium.\n");
  expect(exitCode).toBe(0);
});

test("`findings --fail-on` exits with 1 for that severity and worse ones only", async () => {
  scanAll();
  await repository("quay/org/app", [{ digits: "01", tags: ["high"] }]);
  expect((await findings("--fail-on", "critical")).exitCode).toBe(0);
  const { exitCode, stderr } = await findings("--fail-on", "medium");
  expect(exitCode).toBe(1);
  expect(stderr).toContain("1 image with findings of severity medium or worse");
});

test("`findings --used` leaves out what nobody pulled, but not what an index lists that somebody pulled", async () => {
  scanAll();
  await repository("quay/org/old", [{ digits: "21", tags: ["1"], pulled: 90 }]);
  await repository("quay/org/app", [
    { digits: "2", tags: ["1"], pulled: 1 },
    { digits: "3", tags: ["2"], pulled: 90 },
    { digits: "4" },
    { digits: "5", tags: ["index"], index: true, pulled: 1 },
  ]);
  const { rows } = await findings("--used", "30");
  expect(rows.map(({ digest }) => digest).sort()).toEqual([digestOf("2"), digestOf("4")]);
});

test("`findings` says what was not scanned", async () => {
  await repository("quay/org/app", [{ digits: "21", tags: ["1"] }]);
  const { rows, stderr } = await findings("org/app:1");
  expect(rows).toMatchObject([{ status: null, worst: null }]);
  expect(stderr).toBe("1 image: no findings; 1 image not scanned.\n");
});

test("`images --findings` shows what scans found, and without it no call is made", async () => {
  scanAll();
  await repository("quay/org/app", [
    { digits: "21", tags: ["bad"] },
    { digits: "abc", tags: ["index"], index: true },
  ]);
  const list = ["images", "--env", "cache", "--region", "us-east-1"];
  const { stdout } = await run(...list, "--findings", "--json");
  expect(
    parseJson(imagesJson, stdout).map(({ tags, findings: found }) => [tags[0], found?.worst]),
  ).toEqual(
    expect.arrayContaining([
      ["bad", "CRITICAL"],
      ["index", undefined],
    ]),
  );
  expect((await run(...list, "--findings")).stdout).toContain("2 critical, 1 high");
  account.calls.reset();
  expect((await run(...list)).stdout).not.toContain("FINDINGS");
  expect(account.calls.count({ action: "DescribeImageScanFindings" })).toBe(0);
});
