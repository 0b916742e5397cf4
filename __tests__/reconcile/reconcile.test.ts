import { MARKER_TAG } from "../../ecr/marker";
import { formatApplied } from "../../registry/applied";
import {
  fingerprint,
  normalLifecyclePolicy,
  normalRepositoryPolicy,
} from "../../registry/policies/meaning";
import { reconcileAll, reconcileRepository, type RunOptions } from "../../reconcile/reconcile";
import { exception, InProcessEcr } from "../support/in-process-ecr";

const lifecycle = (countNumber: number) =>
  JSON.stringify({
    rules: [
      {
        rulePriority: 1,
        description: `Keep the last ${countNumber} images`,
        selection: { tagStatus: "any", countType: "imageCountMoreThan", countNumber },
        action: { type: "expire" },
      },
    ],
  });
const access = (...accounts: string[]) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: accounts }, Action: ["ecr:BatchGetImage"] }],
  });

/** The marker of a repository with these policies, and no others. */
const markerOf = (policies: { lifecyclePolicy?: string; repositoryPolicy?: string }): string =>
  formatApplied({
    ...(policies.lifecyclePolicy && {
      lifecyclePolicy: fingerprint(normalLifecyclePolicy(policies.lifecyclePolicy)),
    }),
    repositoryPolicy: policies.repositoryPolicy
      ? fingerprint(normalRepositoryPolicy(policies.repositoryPolicy))
      : "none",
  });

const TEMPLATE = lifecycle(10);
const EARLIER = lifecycle(3);
const HAND_MADE = lifecycle(99);
/** The template's policy as somebody else would write it. */
const REWRITTEN = JSON.stringify(JSON.parse(TEMPLATE), undefined, 4);

/** Long after the creation of any repository. */
const IMPORTED_AT = new Date("2100-01-01");

const options: RunOptions = { prefixes: { own: ["docker-hub"], neighbours: [] } };

function dockerHub(template: Parameters<InProcessEcr["addTemplate"]>[1] = {}): InProcessEcr {
  const ecr = new InProcessEcr();
  ecr.addTemplate("docker-hub", { lifecyclePolicy: TEMPLATE, ...template });
  ecr.addRule("docker-hub");
  return ecr;
}

describe("lifecycle policies", () => {
  test("are set where there is none, and marked as the template's", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/library/nginx");

    const result = await reconcileAll(ecr.client, options);

    expect(repository).toEqual({
      name: "docker-hub/library/nginx",
      imageTagMutability: "MUTABLE",
      imageTagMutabilityExclusionFilters: [],
      lifecyclePolicy: TEMPLATE,
      tags: { [MARKER_TAG]: markerOf({ lifecyclePolicy: TEMPLATE }) },
    });
    expect(result).toEqual({
      examined: 1,
      changed: 1,
      kept: 0,
      failed: 0,
      foreign: 0,
      repositories: [
        {
          repository: "docker-hub/library/nginx",
          changes: [
            { aspect: "lifecycle policy", reason: "set: it had none" },
            { aspect: "tags", reason: "set: ecr-cache:applied" },
          ],
          kept: [],
          failures: [],
        },
      ],
    });
  });

  test("that mean what the template says are left as they are written", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", { lifecyclePolicy: REWRITTEN });

    await reconcileAll(ecr.client, options);

    expect(repository.lifecyclePolicy).toBe(REWRITTEN);
    expect(ecr.count("PutLifecyclePolicy")).toBe(0);
    // Marked all the same, so that the next version of the template reaches it, and as the cache's: it had the policy before.
    expect(repository.tags).toEqual({
      [MARKER_TAG]: `origin=cache ${markerOf({ lifecyclePolicy: TEMPLATE })}`,
    });
  });

  test("that came from an earlier version of the template follow it", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", {
      lifecyclePolicy: EARLIER,
      tags: { [MARKER_TAG]: markerOf({ lifecyclePolicy: EARLIER }) },
    });

    const result = await reconcileAll(ecr.client, options);

    expect(repository.lifecyclePolicy).toBe(TEMPLATE);
    expect(repository.tags[MARKER_TAG]).toBe(markerOf({ lifecyclePolicy: TEMPLATE }));
    expect(result.repositories[0]?.changes[0]).toEqual({
      aspect: "lifecycle policy",
      reason: "set: it was that of an earlier template",
    });
  });

  test("made by hand are kept, byte for byte, with the rest of the repository", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a", { lifecyclePolicy: HAND_MADE, tags: { team: "a" } });
    const before = ecr.dump();

    const result = await reconcileAll(ecr.client, options);

    expect(ecr.dump()).toEqual(before);
    expect(ecr.writes).toBe(0);
    expect(result).toMatchObject({ examined: 1, changed: 0, kept: 1, failed: 0 });
    expect(result.repositories[0]?.kept).toEqual([
      "lifecycle policy: it is not the template's, and nothing says that it ever was",
    ]);
  });

  test("changed by hand after they were set are kept", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a", {
      lifecyclePolicy: HAND_MADE,
      tags: { [MARKER_TAG]: markerOf({ lifecyclePolicy: EARLIER }) },
    });
    const before = ecr.dump();

    const result = await reconcileAll(ecr.client, options);

    expect(ecr.dump()).toEqual(before);
    expect(result.repositories[0]?.kept).toEqual([
      "lifecycle policy: it was changed by hand after the template's had been set",
    ]);
  });

  test("made by hand are replaced where that is asked for", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", { lifecyclePolicy: HAND_MADE });

    const result = await reconcileAll(ecr.client, { ...options, existingPolicies: "replace" });

    expect(repository.lifecyclePolicy).toBe(TEMPLATE);
    expect(result).toMatchObject({ changed: 1, kept: 0 });
    expect(result.repositories[0]?.changes[0]?.reason).toBe("replaced: it was not the template's");
  });

  test("go when the template's goes, if they are still as they were set", async () => {
    const ecr = dockerHub({ lifecyclePolicy: undefined });
    const marked = { [MARKER_TAG]: markerOf({ lifecyclePolicy: EARLIER }) };
    const ours = ecr.add("docker-hub/a", { lifecyclePolicy: EARLIER, tags: { ...marked } });
    const changed = ecr.add("docker-hub/b", { lifecyclePolicy: HAND_MADE, tags: { ...marked } });
    const own = ecr.add("docker-hub/c", { lifecyclePolicy: HAND_MADE });

    const result = await reconcileAll(ecr.client, options);

    expect(ours.lifecyclePolicy).toBeUndefined();
    expect(ours.tags).toEqual({ [MARKER_TAG]: "repository-policy=none" });
    expect(changed.lifecyclePolicy).toBe(HAND_MADE);
    expect(own.lifecyclePolicy).toBe(HAND_MADE);
    expect(result).toMatchObject({ examined: 3, changed: 1, kept: 1 });
    expect(result.repositories.map(({ repository }) => repository)).toEqual([
      "docker-hub/a",
      "docker-hub/b",
    ]);
  });
});

describe("repository policies", () => {
  test("are set, also over one made by hand: they say who may pull", async () => {
    const ecr = dockerHub({ repositoryPolicy: access("333333333333") });
    const without = ecr.add("docker-hub/a");
    const other = ecr.add("docker-hub/b", { repositoryPolicy: access("999999999999") });

    await reconcileAll(ecr.client, options);

    expect(without.repositoryPolicy).toBe(access("333333333333"));
    expect(other.repositoryPolicy).toBe(access("333333333333"));
    expect(other.tags[MARKER_TAG]).toBe(
      markerOf({ lifecyclePolicy: TEMPLATE, repositoryPolicy: access("333333333333") }),
    );
  });

  test("are taken back when the template has none any more", async () => {
    const ecr = dockerHub();
    const tags = {
      [MARKER_TAG]: markerOf({
        lifecyclePolicy: TEMPLATE,
        repositoryPolicy: access("333333333333"),
      }),
    };
    const ours = ecr.add("docker-hub/a", {
      lifecyclePolicy: TEMPLATE,
      repositoryPolicy: access("333333333333"),
      tags: { ...tags },
    });
    const changed = ecr.add("docker-hub/b", {
      lifecyclePolicy: TEMPLATE,
      repositoryPolicy: access("999999999999"),
      tags: { ...tags },
    });

    const result = await reconcileAll(ecr.client, options);

    expect(ours.repositoryPolicy).toBeUndefined();
    expect(ours.tags).toEqual({ [MARKER_TAG]: markerOf({ lifecyclePolicy: TEMPLATE }) });
    expect(changed.repositoryPolicy).toBe(access("999999999999"));
    expect(result.repositories[1]?.kept).toEqual([
      "repository policy: the template has none any more, but this one was changed by hand",
    ]);
  });

  const OWN = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "PullFromCache",
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::333333333333:root", "arn:aws:iam::444444444444:root"] },
        Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
      },
    ],
  });

  test.each(["keep", "replace"] as const)(
    "a repository policy that the project wrote is removed without a marker when the template has none (%s)",
    async (existingPolicies) => {
      const ecr = dockerHub();
      const repository = ecr.add("docker-hub/a", { repositoryPolicy: OWN });

      const result = await reconcileAll(ecr.client, { ...options, existingPolicies });

      expect(repository.repositoryPolicy).toBeUndefined();
      expect(result.repositories[0]?.changes).toContainEqual({
        aspect: "repository policy",
        reason: "removed: the template has none any more",
      });
    },
  );

  test("a repository policy that the project wrote is removed without a marker by an import and by a thorough run", async () => {
    const ecr = dockerHub();
    // The marker says that there was none.
    const tags = {
      [MARKER_TAG]: markerOf({ lifecyclePolicy: TEMPLATE }),
    };
    const kept = { lifecyclePolicy: TEMPLATE, repositoryPolicy: OWN, tags };
    const imported = ecr.add("docker-hub/a", kept);
    const other = ecr.add("docker-hub/b", kept);
    await reconcileRepository(ecr.client, "docker-hub/a", options, IMPORTED_AT);
    expect(imported.repositoryPolicy).toBeUndefined();
    await reconcileAll(ecr.client, { ...options, thorough: true });
    expect(other.repositoryPolicy).toBeUndefined();
  });

  test("a repository policy of others is kept and reported where the template has none, and removed by `replace`", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", { repositoryPolicy: access("999999999999") });

    const result = await reconcileAll(ecr.client, options);
    expect(repository.repositoryPolicy).toBe(access("999999999999"));
    expect(result.repositories[0]?.kept).toEqual([
      "repository policy: the template has none, and this one is not one that the cache writes",
    ]);
    // Each run reports it, also after the marker said that there was none.
    expect(await reconcileAll(ecr.client, options)).toMatchObject({ changed: 0, kept: 1 });
    repository.repositoryPolicy = undefined!;
    await reconcileAll(ecr.client, options);
    repository.repositoryPolicy = access("999999999999");
    await reconcileAll(ecr.client, { ...options, thorough: true });
    expect(await reconcileAll(ecr.client, options)).toMatchObject({ changed: 0, kept: 1 });

    const replaced = await reconcileAll(ecr.client, { ...options, existingPolicies: "replace" });
    expect(repository.repositoryPolicy).toBeUndefined();
    expect(replaced.repositories[0]?.changes[0]).toEqual({
      aspect: "repository policy",
      reason: "removed: the template has none",
    });
  });

  test("a repository policy that the project wrote follows the template when it loses one of two accounts", async () => {
    const wanted = OWN.replace(',"arn:aws:iam::444444444444:root"', "");
    const ecr = dockerHub({ repositoryPolicy: wanted });
    const repository = ecr.add("docker-hub/a", { repositoryPolicy: OWN });
    await reconcileAll(ecr.client, options);
    expect(repository.repositoryPolicy).toBe(wanted);
  });

  test("a repository policy that is found absent is not read again, since the marker says so", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a");
    await reconcileAll(ecr.client, options);
    expect(ecr.count("GetRepositoryPolicy")).toBe(1);
    expect(repository.tags[MARKER_TAG]).toBe(markerOf({ lifecyclePolicy: TEMPLATE }));
    await reconcileAll(ecr.client, options);
    expect(ecr.count("GetRepositoryPolicy")).toBe(1);
  });

  test("a refused removal of a repository policy is a failure, and is tried again by the next run", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", { repositoryPolicy: OWN });
    ecr.intercept = (name) => {
      if (name === "DeleteRepositoryPolicy") throw exception("AccessDeniedException", "no");
    };
    expect(await reconcileAll(ecr.client, options)).toMatchObject({ failed: 1 });
    expect(repository.tags[MARKER_TAG]).not.toContain("repository-policy");

    ecr.intercept = () => undefined;
    expect(await reconcileAll(ecr.client, options)).toMatchObject({ changed: 1, failed: 0 });
    expect(repository.repositoryPolicy).toBeUndefined();
  });

  test("changed by hand behind a marker are found by a thorough run", async () => {
    const ecr = dockerHub({ repositoryPolicy: access("333333333333") });
    const repository = ecr.add("docker-hub/a");
    await reconcileAll(ecr.client, options);
    repository.repositoryPolicy = access("999999999999");

    await reconcileAll(ecr.client, options);
    expect(repository.repositoryPolicy).toBe(access("999999999999"));

    await reconcileAll(ecr.client, { ...options, thorough: true });
    expect(repository.repositoryPolicy).toBe(access("333333333333"));
  });

  test("are read in every run where the template has no lifecycle policy", async () => {
    const ecr = dockerHub({
      lifecyclePolicy: undefined,
      repositoryPolicy: access("333333333333"),
    });
    const repository = ecr.add("docker-hub/a");
    await reconcileAll(ecr.client, options);
    repository.repositoryPolicy = access("999999999999");
    await reconcileAll(ecr.client, options);
    expect(repository.repositoryPolicy).toBe(access("333333333333"));
  });
});

describe("tag mutability", () => {
  test("is set where it differs", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", { imageTagMutability: "IMMUTABLE" });
    const result = await reconcileAll(ecr.client, options);
    expect(repository.imageTagMutability).toBe("MUTABLE");
    expect(result.repositories[0]?.changes).toContainEqual({
      aspect: "tag mutability",
      reason: "set to MUTABLE",
    });
  });

  test("is set with its exclusion filters, whose order means nothing", async () => {
    const filters = [
      { filterType: "WILDCARD" as const, filter: "latest" },
      { filterType: "WILDCARD" as const, filter: "v*" },
    ];
    const ecr = dockerHub({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters,
    });
    const different = ecr.add("docker-hub/a");
    ecr.add("docker-hub/b", {
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: [...filters].reverse(),
    });

    await reconcileAll(ecr.client, options);

    expect(different).toMatchObject({
      imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
      imageTagMutabilityExclusionFilters: filters,
    });
    expect(ecr.callsAbout("docker-hub/b")).not.toContain("PutImageTagMutability");
  });
});

describe("tags", () => {
  test("of the template are set where they are missing or differ; others stay", async () => {
    const ecr = dockerHub({
      resourceTags: [
        { Key: "team", Value: "platform" },
        { Key: "stage", Value: "prod" },
      ],
    });
    const repository = ecr.add("docker-hub/a", { tags: { team: "web", own: "1" } });

    const result = await reconcileAll(ecr.client, options);

    expect(repository.tags).toEqual({
      team: "platform",
      stage: "prod",
      own: "1",
      [MARKER_TAG]: markerOf({ lifecyclePolicy: TEMPLATE }),
    });
    expect(result.repositories[0]?.changes).toContainEqual({
      aspect: "tags",
      reason: "set: team, stage, ecr-cache:applied",
    });
  });

  test("reach also a repository whose own lifecycle policy is kept", async () => {
    const ecr = dockerHub({ resourceTags: [{ Key: "team", Value: "platform" }] });
    const repository = ecr.add("docker-hub/a", { lifecyclePolicy: HAND_MADE });
    const result = await reconcileAll(ecr.client, options);
    expect(repository).toMatchObject({ lifecyclePolicy: HAND_MADE, tags: { team: "platform" } });
    // Its tags are the template's now, which must not look like a proof of origin.
    expect(repository.tags[MARKER_TAG]).toBe("repository-policy=none");
    expect(result).toMatchObject({ examined: 1, changed: 1, kept: 1 });
  });
});

describe("which repositories", () => {
  test("are those under the owned prefixes, and no others: nothing of these is even read", async () => {
    const ecr = dockerHub();
    const foreign = ["docker-hub", "docker-hub-2/a", "app", "quay/a", "x/docker-hub/a"];
    ecr.add("docker-hub/a");
    for (const name of foreign) ecr.add(name, { imageTagMutability: "IMMUTABLE" });
    ecr.addTemplate("quay", { lifecyclePolicy: TEMPLATE });
    ecr.addTemplate("ROOT", { lifecyclePolicy: TEMPLATE });
    const before = ecr.dump();

    const result = await reconcileAll(ecr.client, options);

    const { "docker-hub/a": _, ...after } = ecr.dump();
    const { "docker-hub/a": __, ...expected } = before;
    expect(after).toEqual(expected);
    for (const name of foreign) expect(ecr.callsAbout(name)).toEqual([]);
    expect(result).toMatchObject({ examined: 1, changed: 1, foreign: foreign.length });
  });

  test("leave out those of another owner's more specific rule", async () => {
    const ecr = dockerHub();
    ecr.addRule("docker-hub/team");
    ecr.add("docker-hub/team/a");
    const result = await reconcileAll(ecr.client, options);
    expect(ecr.callsAbout("docker-hub/team/a")).toEqual([]);
    expect(result).toMatchObject({ examined: 0, foreign: 1 });
  });

  test("follow the template of the longest prefix", async () => {
    const ecr = dockerHub();
    ecr.addTemplate("docker-hub/library/", { lifecyclePolicy: lifecycle(50) });
    ecr.addTemplate("ROOT", { lifecyclePolicy: lifecycle(1) });
    const library = ecr.add("docker-hub/library/nginx");
    const other = ecr.add("docker-hub/grafana/grafana");

    await reconcileAll(ecr.client, options);

    expect(library.lifecyclePolicy).toBe(lifecycle(50));
    expect(other.lifecyclePolicy).toBe(TEMPLATE);
  });

  test("follow no template that is not for pull-through caches", async () => {
    const ecr = dockerHub();
    ecr.addTemplate("docker-hub/library", {
      lifecyclePolicy: lifecycle(50),
      appliedFor: ["REPLICATION"],
    });
    const repository = ecr.add("docker-hub/library/nginx");
    await reconcileAll(ecr.client, options);
    expect(repository.lifecyclePolicy).toBe(TEMPLATE);
  });

  test("are kept, and said to be, where no template covers them", async () => {
    const ecr = new InProcessEcr();
    ecr.add("docker-hub/a");
    const result = await reconcileAll(ecr.client, options);
    expect(ecr.callsAbout("docker-hub/a")).toEqual([]);
    expect(result).toMatchObject({
      examined: 1,
      kept: 1,
      repositories: [{ kept: ["no creation template covers it"] }],
    });
  });

  describe("that only ROOT covers", () => {
    const root: RunOptions = { prefixes: { own: ["ROOT", "docker-hub"], neighbours: [] } };
    const registry = () => {
      const ecr = dockerHub();
      ecr.addTemplate("ROOT", { lifecyclePolicy: lifecycle(5) });
      ecr.addRule("ROOT");
      return ecr;
    };

    const PROOF = { "ecr-cache:applied": "origin=cache" };
    const policyOf = (repository: { readonly lifecyclePolicy?: string }) =>
      repository.lifecyclePolicy;
    const importedAfter = (ecr: InProcessEcr, name: string, minutes: number) =>
      new Date(ecr.repositories.get(name)!.createdAt.getTime() + minutes * 60_000);

    test("repositories that only ROOT covers follow its template if their marker proves their origin, and are left alone otherwise", async () => {
      const ecr = registry();
      const application = ecr.add("application");
      const marked = ecr.add("marked", {
        lifecyclePolicy: EARLIER,
        tags: { [MARKER_TAG]: markerOf({ lifecyclePolicy: EARLIER }) },
      });
      const cached = ecr.add("cached", { tags: PROOF });
      const other = ecr.add("docker-hub/a");

      const result = await reconcileAll(ecr.client, root);

      expect(policyOf(application)).toBeUndefined();
      expect(application.tags).toEqual({});
      // An earlier version set it on whatever repository ECR imported into.
      expect(policyOf(marked)).toBe(EARLIER);
      expect(policyOf(cached)).toBe(lifecycle(5));
      expect(policyOf(other)).toBe(TEMPLATE);
      expect(result).toMatchObject({ examined: 4, changed: 2, kept: 2 });
      expect(result.repositories[0]).toMatchObject({
        repository: "application",
        kept: [
          "only ROOT covers it, and nothing proves that the cache created it (docs/maintenance.md, Proof of origin)",
        ],
      });
    });

    test("an import within minutes of its creation proves that the cache created a repository, for all later runs", async () => {
      const ecr = registry();
      const repository = ecr.add("nginx");
      await reconcileRepository(ecr.client, "nginx", root, importedAfter(ecr, "nginx", 2));
      expect(policyOf(repository)).toBe(lifecycle(5));
      expect(repository.tags[MARKER_TAG]).toContain("origin=cache");

      ecr.addTemplate("ROOT", { lifecyclePolicy: lifecycle(6) });
      await reconcileAll(ecr.client, root);
      expect(policyOf(repository)).toBe(lifecycle(6));
    });

    test.each([
      ["an hour after its creation", 60],
      ["before its creation", -60],
      ["at an unknown time", NaN],
    ])(
      "an import that is reported %s into a repository that only ROOT covers changes nothing there",
      async (_, minutes) => {
        const ecr = registry();
        ecr.add("team/app", { lifecyclePolicy: HAND_MADE, tags: { team: "a" } });
        const before = ecr.dump();
        const report = await reconcileRepository(
          ecr.client,
          "team/app",
          root,
          importedAfter(ecr, "team/app", minutes),
        );
        expect(report).toMatchObject({ changes: [], kept: [expect.stringContaining("ROOT")] });
        expect(ecr.dump()).toEqual(before);
        expect(ecr.writes).toBe(0);
      },
    );

    test("all of the template's tags on a repository without a marker prove that the cache created it", async () => {
      const ecr = dockerHub();
      const resourceTags = [
        { Key: "team", Value: "platform" },
        { Key: "stage", Value: "prod" },
      ];
      ecr.addTemplate("ROOT", { lifecyclePolicy: lifecycle(5), resourceTags });
      ecr.addRule("ROOT");
      const all = { team: "platform", stage: "prod", own: "1" };
      const created = ecr.add("created", { tags: all });
      const some = ecr.add("some", { tags: { team: "platform" } });
      const other = ecr.add("other", { tags: { ...all, stage: "dev" } });
      // Reconciling may have set these tags itself.
      const marked = ecr.add("marked", { tags: { ...all, [MARKER_TAG]: "origin=unknown" } });

      await reconcileAll(ecr.client, root);

      expect(policyOf(created)).toBe(lifecycle(5));
      expect(created.tags[MARKER_TAG]).toContain("origin=cache");
      expect([some, other, marked].map(policyOf)).toEqual([undefined, undefined, undefined]);
    });
  });
});

describe("reconcileRepository", () => {
  test("deals with one repository and reads all that the template has a say in", async () => {
    const ecr = dockerHub({ repositoryPolicy: access("333333333333") });
    const repository = ecr.add("docker-hub/a");
    const other = ecr.add("docker-hub/b");
    await reconcileRepository(ecr.client, "docker-hub/a", options, IMPORTED_AT);
    repository.repositoryPolicy = access("999999999999");
    ecr.forgetCalls();

    const report = await reconcileRepository(ecr.client, "docker-hub/a", options, IMPORTED_AT);

    expect(report).toEqual({
      repository: "docker-hub/a",
      changes: [{ aspect: "repository policy", reason: "replaced: it was not the template's" }],
      kept: [],
      failures: [],
    });
    expect(ecr.callsAbout("docker-hub/a")).toEqual([
      "ListTagsForResource",
      "GetLifecyclePolicy",
      "GetRepositoryPolicy",
      "SetRepositoryPolicy",
    ]);
    expect(other.lifecyclePolicy).toBeUndefined();
  });

  test("does nothing about a repository of nobody's or another owner's", async () => {
    const ecr = dockerHub();
    ecr.add("quay/a");
    await expect(
      reconcileRepository(ecr.client, "quay/a", options, IMPORTED_AT),
    ).resolves.toBeUndefined();
    expect(ecr.callsAbout("quay/a")).toEqual([]);
    expect(ecr.count("DescribeRepositories")).toBe(0);
  });

  test("does nothing about a repository that does not exist", async () => {
    await expect(
      reconcileRepository(dockerHub().client, "docker-hub/a", options, IMPORTED_AT),
    ).resolves.toBeUndefined();
  });
});

describe("a dry run", () => {
  test("reports what it would change, and changes nothing", async () => {
    const make = () => {
      const ecr = dockerHub({
        repositoryPolicy: access("333333333333"),
        resourceTags: [{ Key: "team", Value: "platform" }],
      });
      ecr.add("docker-hub/a", { imageTagMutability: "IMMUTABLE" });
      ecr.add("docker-hub/b", { lifecyclePolicy: HAND_MADE });
      return ecr;
    };
    const dry = make();
    const before = dry.dump();

    const planned = await reconcileAll(dry.client, { ...options, dryRun: true });

    expect(dry.dump()).toEqual(before);
    expect(dry.writes).toBe(0);
    expect(planned).toEqual(await reconcileAll(make().client, options));
    expect(planned).toMatchObject({ examined: 2, changed: 2, kept: 1 });
  });
});

describe("the calls of a run", () => {
  const whole = () =>
    dockerHub({
      repositoryPolicy: access("333333333333"),
      resourceTags: [{ Key: "team", Value: "platform" }],
    });

  test("are two reads for a repository in order, whatever the template has, and no write", async () => {
    const ecr = whole();
    for (let index = 0; index < 250; index += 1) ecr.add(`docker-hub/${index}`);
    await reconcileAll(ecr.client, options);
    ecr.forgetCalls();

    const result = await reconcileAll(ecr.client, options);

    expect(result).toEqual({
      examined: 250,
      changed: 0,
      kept: 0,
      failed: 0,
      foreign: 0,
      repositories: [],
    });
    expect(ecr.reads).toBe(2 * 250);
    expect(ecr.writes).toBe(0);
    expect(ecr.count("DescribeRepositories")).toBe(1);
  });

  test("are three reads for a repository in order that was never marked", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a", { lifecyclePolicy: TEMPLATE });
    await reconcileAll(ecr.client, options);
    expect(ecr.reads).toBe(3);
  });

  test("are one page call for 1,000 repositories", async () => {
    const ecr = dockerHub();
    for (let index = 0; index < 2_500; index += 1) ecr.add(`other/${index}`);
    await reconcileAll(ecr.client, options);
    expect(ecr.count("DescribeRepositories")).toBe(3);
    expect(ecr.reads).toBe(0);
  });

  test("are never more at a time than asked for", async () => {
    const ecr = dockerHub();
    for (let index = 0; index < 40; index += 1) ecr.add(`docker-hub/${index}`);
    const begun = new Set<string>();
    const ended = new Set<string>();
    let most = 0;
    ecr.intercept = (name, repository) => {
      if (repository === undefined) return;
      begun.add(repository);
      if (name === "TagResource") ended.add(repository);
      most = Math.max(most, begun.size - ended.size);
    };
    await reconcileAll(ecr.client, { ...options, concurrency: 4 });
    expect(ended.size).toBe(40);
    // The last call of a repository counts as its end here, so one more may seem to be in work.
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
  });
});

describe("what ECR refuses", () => {
  test("for one repository stops no other one", async () => {
    const ecr = dockerHub();
    for (const name of ["a", "b", "c"]) ecr.add(`docker-hub/${name}`);
    ecr.intercept = (name, repository) => {
      if (repository === "docker-hub/b" && name === "GetLifecyclePolicy") {
        throw exception("AccessDeniedException", "not authorized");
      }
    };

    const result = await reconcileAll(ecr.client, options);

    expect(result).toMatchObject({ examined: 3, changed: 2, failed: 1 });
    expect(result.repositories[1]).toEqual({
      repository: "docker-hub/b",
      changes: [],
      kept: [],
      failures: ["AccessDeniedException: not authorized"],
    });
    expect(ecr.repository("docker-hub/a").lifecyclePolicy).toBe(TEMPLATE);
    expect(ecr.repository("docker-hub/c").lifecyclePolicy).toBe(TEMPLATE);
  });

  test("in one respect stands in the way of no other, and is not marked as done", async () => {
    const ecr = dockerHub({
      repositoryPolicy: access("333333333333"),
      resourceTags: [{ Key: "team", Value: "platform" }],
    });
    const repository = ecr.add("docker-hub/a", { imageTagMutability: "IMMUTABLE" });
    ecr.intercept = (name) => {
      if (name === "PutLifecyclePolicy") throw exception("InvalidParameterException", "bad rule");
    };

    const result = await reconcileAll(ecr.client, options);

    expect(result).toMatchObject({ examined: 1, changed: 1, failed: 1 });
    expect(result.repositories[0]?.failures).toEqual([
      "lifecycle policy: InvalidParameterException: bad rule",
    ]);
    expect(repository).toEqual({
      name: "docker-hub/a",
      repositoryPolicy: access("333333333333"),
      imageTagMutability: "MUTABLE",
      imageTagMutabilityExclusionFilters: [],
      tags: {
        team: "platform",
        [MARKER_TAG]: markerOf({ repositoryPolicy: access("333333333333") }),
      },
    });
  });

  test("leaves the marker of an earlier version, so that the next run goes on from there", async () => {
    const ecr = dockerHub();
    const repository = ecr.add("docker-hub/a", {
      lifecyclePolicy: EARLIER,
      tags: { [MARKER_TAG]: markerOf({ lifecyclePolicy: EARLIER }) },
    });
    ecr.intercept = (name) => {
      if (name === "PutLifecyclePolicy") throw exception("LimitExceededException");
    };
    await reconcileAll(ecr.client, options);
    expect(repository.tags[MARKER_TAG]).toBe(markerOf({ lifecyclePolicy: EARLIER }));

    ecr.intercept = () => undefined;
    await reconcileAll(ecr.client, options);
    expect(repository.lifecyclePolicy).toBe(TEMPLATE);
  });

  test("because a repository was deleted meanwhile is no failure", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a");
    ecr.add("docker-hub/b");
    ecr.intercept = (name, repository) => {
      if (repository === "docker-hub/a") ecr.repositories.delete("docker-hub/a");
      if (repository === "docker-hub/b" && name === "PutLifecyclePolicy") {
        ecr.repositories.delete("docker-hub/b");
      }
    };
    const result = await reconcileAll(ecr.client, options);
    expect(result).toMatchObject({ examined: 2, changed: 0, failed: 0, repositories: [] });
  });

  test("of templates, rules or pages ends the run with ECR's error", async () => {
    for (const refused of [
      "DescribeRepositoryCreationTemplates",
      "DescribePullThroughCacheRules",
      "DescribeRepositories",
    ]) {
      const ecr = dockerHub();
      ecr.intercept = (name) => {
        if (name === refused) throw exception("AccessDeniedException", refused);
      };
      await expect(reconcileAll(ecr.client, options)).rejects.toThrow(refused);
    }
  });
});

describe("many repositories, a call in five throttled", () => {
  const NAMES = Array.from({ length: 2_000 }, (_, index) => {
    const kind = ["right", "without", "hand-made", "foreign"][index % 4]!;
    const prefix = kind === "foreign" ? "application" : "docker-hub";
    return { name: `${prefix}/${kind}-${index}`, kind };
  });

  function registry(size: number): InProcessEcr {
    const ecr = dockerHub();
    for (const { name, kind } of NAMES.slice(0, size)) {
      ecr.add(name, {
        ...(kind === "right" && { lifecyclePolicy: REWRITTEN }),
        ...(kind === "hand-made" && { lifecyclePolicy: HAND_MADE }),
      });
    }
    return ecr;
  }

  /** Throttles one call in five, by the same dice in every test run. */
  function throttle(ecr: InProcessEcr): void {
    let seed = 1;
    ecr.intercept = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      if (seed % 5 === 0) throw exception("ThrottlingException", "Rate exceeded");
    };
  }

  function expectAllRight(ecr: InProcessEcr, before: Record<string, string>): void {
    const after = ecr.dump();
    for (const { name, kind } of NAMES.slice(0, ecr.repositories.size)) {
      if (kind === "hand-made" || kind === "foreign") {
        if (after[name] !== before[name]) expect(after[name]).toBe(before[name]);
      } else {
        const { lifecyclePolicy } = ecr.repository(name);
        const expected = kind === "right" ? REWRITTEN : TEMPLATE;
        if (lifecyclePolicy !== expected) expect({ name, lifecyclePolicy }).toEqual(expected);
      }
    }
  }

  test("all 2,000 end right, the kept and the foreign ones untouched, and a second run changes nothing", async () => {
    const ecr = registry(2_000);
    const before = ecr.dump();
    throttle(ecr);

    const first = await reconcileAll(ecr.client, options);

    expect(first).toMatchObject({
      examined: 1_500,
      changed: 1_000,
      kept: 500,
      failed: 0,
      foreign: 500,
    });
    expectAllRight(ecr, before);

    ecr.intercept = () => undefined;
    ecr.forgetCalls();
    const second = await reconcileAll(ecr.client, options);

    expect(second).toMatchObject({ examined: 1_500, changed: 0, kept: 500, failed: 0 });
    expect(ecr.writes).toBe(0);
    // Nothing vouches for the repository policy of those whose lifecycle policy is kept.
    expect(ecr.reads).toBe(2 * 1_500 + 500);
    expect(ecr.count("DescribeRepositories")).toBe(2);
  }, 300_000);

  test("end right also if the run is stopped again and again and goes on from its cursor", async () => {
    const ecr = registry(400);
    const before = ecr.dump();
    throttle(ecr);
    ecr.pageSize = 60;
    const totals = { examined: 0, changed: 0, kept: 0, foreign: 0 };
    let cursor: RunOptions["cursor"];
    let runs = 0;

    do {
      let budget = 26;
      const result = await reconcileAll(ecr.client, {
        ...options,
        ...(cursor && { cursor: JSON.parse(JSON.stringify(cursor)) as typeof cursor }),
        shouldStop: () => budget-- <= 0,
      });
      for (const key of Object.keys(totals) as (keyof typeof totals)[]) totals[key] += result[key];
      cursor = result.cursor;
      runs += 1;
    } while (cursor && runs < 100);

    expect(runs).toBeGreaterThan(5);
    expect(cursor).toBeUndefined();
    // Each repository was dealt with once, in one of the runs.
    expect(totals).toEqual({ examined: 300, changed: 200, kept: 100, foreign: 100 });
    expectAllRight(ecr, before);
  });

  test("end right also if the process is killed halfway, wherever that is", async () => {
    for (const fatal of [301, 302, 303]) {
      const ecr = registry(400);
      const before = ecr.dump();
      let calls = 0;
      let isDead = false;
      ecr.intercept = () => {
        calls += 1;
        isDead ||= calls >= fatal;
        // Nothing that is called after the end is ever answered.
        if (isDead) throw exception("killed");
      };
      await reconcileAll(ecr.client, options).catch(() => undefined);
      expect(isDead).toBe(true);

      ecr.intercept = () => undefined;
      const result = await reconcileAll(ecr.client, options);
      expect(result).toMatchObject({ examined: 300, kept: 100, failed: 0 });
      expectAllRight(ecr, before);
      expect(await reconcileAll(ecr.client, options)).toMatchObject({ changed: 0 });
    }
  });
});

describe("a cursor", () => {
  test("says where the run stopped, also on the first page", async () => {
    const ecr = dockerHub();
    for (const name of ["c", "a", "b"]) ecr.add(`docker-hub/${name}`);
    let asked = 0;
    const result = await reconcileAll(ecr.client, {
      ...options,
      concurrency: 1,
      shouldStop: () => (asked += 1) > 2,
    });
    expect(result).toMatchObject({ examined: 2, cursor: { after: "docker-hub/b" } });

    ecr.forgetCalls();
    const rest = await reconcileAll(ecr.client, { ...options, cursor: result.cursor! });
    expect(rest.cursor).toBeUndefined();
    expect(rest.repositories.map(({ repository }) => repository)).toEqual(["docker-hub/c"]);
    expect(ecr.callsAbout("docker-hub/a")).toEqual([]);
  });

  test("stays where it was if there was no time for anything", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a");
    ecr.add("docker-hub/b");
    const cursor = { after: "docker-hub/a" };
    const result = await reconcileAll(ecr.client, { ...options, cursor, shouldStop: () => true });
    expect(result).toMatchObject({ examined: 0, foreign: 0, cursor });
  });

  test("leads to the beginning if ECR does not know its page any more: nothing is left out", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a");
    const result = await reconcileAll(ecr.client, {
      ...options,
      cursor: { page: "expired", after: "docker-hub/z" },
    });
    expect(result).toMatchObject({ examined: 1, changed: 1 });
  });

  test("leaves out nothing that was made while the run stood still", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a");
    ecr.add("docker-hub/c");
    ecr.repositories.clear();
    for (const name of ["a", "b", "c"]) ecr.add(`docker-hub/${name}`);
    const result = await reconcileAll(ecr.client, {
      ...options,
      cursor: { after: "docker-hub/a" },
    });
    expect(result.repositories.map(({ repository }) => repository)).toEqual([
      "docker-hub/b",
      "docker-hub/c",
    ]);
  });
});

describe("onReport", () => {
  test("is told of each repository that is not in order, as it is dealt with", async () => {
    const ecr = dockerHub();
    ecr.add("docker-hub/a");
    ecr.add("docker-hub/b", {
      lifecyclePolicy: TEMPLATE,
      tags: { [MARKER_TAG]: markerOf({ lifecyclePolicy: TEMPLATE }) },
    });
    const told: string[] = [];
    const result = await reconcileAll(ecr.client, {
      ...options,
      onReport: ({ repository }) => told.push(repository),
    });
    expect(told).toEqual(["docker-hub/a"]);
    expect(result.examined).toBe(2);
  });
});
