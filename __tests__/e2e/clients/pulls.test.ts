import {
  BatchGetImageCommand,
  DescribeImagesCommand,
  type ECRClient,
  ECRClient as Client,
  GetAuthorizationTokenCommand,
  GetLifecyclePolicyCommand,
  SetRepositoryPolicyCommand,
} from "@aws-sdk/client-ecr";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { registryHost } from "../../../ecr/region";
import { upstreams } from "../../../ecr/upstreams";
import { findProgram } from "../../../host/find-program";
import { clientEnvironment } from "../../../sandbox/client-environment";
import { findMoto } from "../../../sandbox/moto";
import {
  clientNames,
  type ContainerClient,
  ContainerClients,
  findClient,
  findDebianProgram,
  runProgram,
  versionOf,
} from "../../support/container-clients";
import { type Account, deploy, startAccount } from "../../support/deployed-account";
import type { Outcome } from "../../support/deployment";
import { readPage } from "../../support/documentation";
import { requireOrSkip } from "../../support/require-or-skip";
import { run } from "../../support/run";
import prod from "../../support/samples/environments/prod";

/*
 * Real container clients against one deployed cache, by the names of AWS. Each test has images of its own, so that none has to
 * wait for an empty account.
 */

const REGION = "us-east-1";
const HOST = registryHost(prod.account, REGION);
const [PARTNER = ""] = prod.access.accounts;
const FOREIGNER = "999999999999";
const DIGEST = `sha256:${"a".repeat(64)}`;

/** The versions whose messages docs/operations.md shows. */
const DOCUMENTED = { skopeo: "1.9", podman: "4.3", buildah: "1.28", containerd: "1.6" } as const;

const page = readPage("docs/operations.md");

/** What the cases of docs/operations.md print, by heading: podman and its relatives, then containerd. */
const documented = new Map(
  [...page.text.matchAll(/^#### (.*)\n[^]*?```text\n(.*)\n(.*)\n```$/gm)].map(
    ([, heading = "", containersImage = "", containerd = ""]) => [
      heading,
      { containersImage, containerd },
    ],
  ),
);

/** What a client says about a failed pull, without what depends on the time and the account. */
function messageOf({ name }: ContainerClient, image: string, { stderr }: Outcome): string {
  const said =
    name === "containerd"
      ? stderr.slice(stderr.lastIndexOf("ctr: ")).replace(/^ctr: /, "")
      : stderr.slice(stderr.lastIndexOf(`docker://${image}: `)).replace(`docker://${image}: `, "");
  // skopeo quotes it in a line of its log.
  const plain = name === "skopeo" ? said.replace(/"\s*$/, "").replaceAll('\\"', '"') : said;
  return plain.trim().replaceAll(HOST, "REGISTRY").replaceAll(prod.account, "ACCOUNT");
}

/** Expects a client to print what docs/operations.md shows; another version prints at least ECR's own words. */
function expectDocumented(
  client: ContainerClient,
  heading: string,
  image: string,
  outcome: Outcome,
): void {
  const { name } = client;
  const expected =
    documented.get(heading)?.[name === "containerd" ? "containerd" : "containersImage"];
  const found = messageOf(client, image, outcome);
  expect(outcome.code).not.toBe(0);
  if (versionOf(name) === DOCUMENTED[name]) expect(found).toBe(expected);
  else if (name !== "containerd") expect(found).toContain(expected?.split(": ").at(-1));
}

const proxy = findProgram("openssl")
  ? findMoto()
  : ({ ok: false, reason: "openssl: found no such program" } as const);

requireOrSkip(proxy, "container clients", () => {
  jest.setTimeout(180_000);
  let account: Account;
  let ecr: ECRClient;
  const clients = new ContainerClients();

  beforeAll(async () => {
    account = await startAccount(prod.account);
    ecr = account.ecr();
    await deploy(account, prod);
  });
  afterAll(async () => {
    await clients.remove();
    await account.stop();
  });
  beforeEach(() => {
    account.sandbox.calls.reset();
    account.sandbox.faults.clear();
  });

  /** The environment of a client that has just logged in, by default as the account's administrator. */
  async function login(accessKeyId = "sandbox", sessionToken?: string) {
    const { url } = account.sandbox;
    const own = new Client({
      region: REGION,
      endpoint: url,
      credentials: {
        accessKeyId,
        secretAccessKey: "sandbox",
        ...(sessionToken && { sessionToken }),
      },
    });
    const { authorizationData } = await own.send(new GetAuthorizationTokenCommand({}));
    own.destroy();
    const token = authorizationData?.[0]?.authorizationToken ?? "";
    const password = Buffer.from(token, "base64").toString().replace(/^AWS:/, "");
    return clientEnvironment(account.sandbox, REGION, clients.loginDirectory(), password);
  }

  /** What the cache has for a tag. */
  async function cachedDigest(repositoryName: string, imageTag: string) {
    const { imageDetails } = await ecr.send(
      new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] }),
    );
    return imageDetails?.[0]?.imageDigest;
  }

  /** The calls that went to an upstream registry instead of the cache. */
  const bypassing = () =>
    account.sandbox.calls
      .list()
      .filter(({ service }) =>
        Object.values(upstreams).some(({ imageHosts }) =>
          (imageHosts as readonly string[]).includes(service),
        ),
      );

  describe.each(clientNames)("%s", (name) => {
    requireOrSkip(findClient(name), name, () => {
      let client: ContainerClient;
      beforeAll(() => {
        client = clients.client(name);
      });
      afterEach(() => client.unconfigure());

      /** The names of an image that only this client pulls. */
      const names = (image: string) => ({
        upstream: `quay.io/${name}/${image}`,
        repository: `quay/${name}/${image.split(":")[0]}`,
        cached: `${HOST}/quay/${name}/${image}`,
      });
      const pull = async (image: string, env?: Readonly<Record<string, string>>) =>
        client.pull(image, env ?? (await login()));
      const expectPulled = ({ code, stderr }: Outcome) => {
        if (code !== 0) throw new Error(`${name}: ${code}\n${stderr}`);
      };

      test(`${name} creates the repository with its first pull, and needs no upstream for the second`, async () => {
        const { upstream, repository, cached } = names("app:1");
        expectPulled(await pull(cached));
        const { lifecyclePolicyText } = await ecr.send(
          new GetLifecyclePolicyCommand({ repositoryName: repository }),
        );
        expect(lifecyclePolicyText).toContain("rules");
        account.sandbox.upstream.set(upstream, { failure: "unavailable" });
        expectPulled(await pull(cached));
        expect(bypassing()).toEqual([]);
      });

      test(`${name} pulls the tag that has moved upstream only after 24 hours`, async () => {
        const { upstream, repository, cached } = names("moving:1");
        expectPulled(await pull(cached));
        const first = await cachedDigest(repository, "1");
        account.sandbox.upstream.set(upstream, { revision: "2" });
        expectPulled(await pull(cached));
        expect(await cachedDigest(repository, "1")).toBe(first);
        account.sandbox.clock.advance(25);
        expectPulled(await pull(cached));
        expect(await cachedDigest(repository, "1")).not.toBe(first);
      });

      test(`${name} pulls by digest what was pulled by its tag`, async () => {
        const { repository, cached } = names("pinned:1");
        expectPulled(await pull(cached));
        expectPulled(await pull(`${HOST}/${repository}@${await cachedDigest(repository, "1")}`));
      });

      test(`${name} pulls what was warmed, without the upstream`, async () => {
        const { upstream, cached } = names("warmed:1");
        const { exitCode } = await run("warm", upstream, "--env", "prod", "--region", REGION);
        expect(exitCode).toBe(0);
        account.sandbox.upstream.set(upstream, { failure: "unavailable" });
        expectPulled(await pull(cached));
      });

      test(`${name} pulls while the tag is refreshed`, async () => {
        const { upstream, repository, cached } = names("refreshed:1");
        expectPulled(await pull(cached));
        const before = await cachedDigest(repository, "1");
        account.sandbox.upstream.set(upstream, { revision: "2", delay: 300 });
        const env = await login();
        const [refreshed, ...pulled] = await Promise.all([
          run("refresh", upstream, "--env", "prod", "--region", REGION),
          client.pull(cached, env),
          wait(200).then(() => client.pull(cached, env)),
        ]);
        expect(refreshed).toMatchObject({ exitCode: 0 });
        pulled.forEach(expectPulled);
        expect(await cachedDigest(repository, "1")).not.toBe(before);
      });

      test(`${name} pulls a tag anew that the lifecycle policy has expired`, async () => {
        const { upstream, repository, cached } = names("expired:0");
        account.sandbox.upstream.set(upstream.replace(/:0$/, ""), { platforms: ["linux/amd64"] });
        expectPulled(await pull(cached));
        // As many as the environment keeps.
        for (let tag = 1; tag <= 10; tag += 1) {
          const imageIds = [{ imageTag: String(tag) }];
          await ecr.send(new BatchGetImageCommand({ repositoryName: repository, imageIds }));
        }
        account.sandbox.clock.advance(25);
        await expect(cachedDigest(repository, "0")).rejects.toThrow("does not exist");
        account.sandbox.upstream.set(upstream, { failure: "unavailable" });
        expect((await pull(cached)).code).not.toBe(0);
        account.sandbox.upstream.set(upstream, { failure: undefined });
        expectPulled(await pull(cached));
      });

      test(`${name} retries a pull that ECR throttles, or fails without another effect`, async () => {
        const { cached } = names("throttled:1");
        account.sandbox.faults.add({ kind: "throttle", action: "BatchGetImage", times: 1 });
        const { code } = await pull(cached);
        if (code !== 0) expectPulled(await pull(cached));
      });

      test(`${name} pulls for an account that may, and for one of an organization that may`, async () => {
        const { repository, cached } = names("shared:1");
        expectPulled(await pull(cached));
        expectPulled(await pull(cached, await login(PARTNER)));

        await ecr.send(
          new SetRepositoryPolicyCommand({
            repositoryName: repository,
            policyText: JSON.stringify({
              Version: "2012-10-17",
              Statement: [
                {
                  Effect: "Allow",
                  Principal: "*",
                  Action: ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                  Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abc123def4" } },
                },
              ],
            }),
          }),
        );
        const member = "555555555555";
        account.sandbox.memberships.set(member, {
          organization: "o-abc123def4",
          path: "o-abc123def4/r-ab12/",
        });
        expectPulled(await pull(cached, await login(member)));
        expect((await pull(cached, await login(PARTNER))).code).not.toBe(0);
      });

      describe("what is in docs/operations.md, word for word:", () => {
        const expectFailure = async (
          heading: string,
          image: string,
          env?: Readonly<Record<string, string>>,
        ) => expectDocumented(client, heading, image, await pull(image, env));

        test(`${name} prints what docs/operations.md shows for an official image without library/`, async () => {
          await expectFailure(
            "An official image without `library/`",
            `${HOST}/docker-hub/nginx:1.27`,
          );
        });

        test(`${name} prints what docs/operations.md shows for a first pull by digest`, async () => {
          const image = `${HOST}/quay/org/app@${DIGEST}`;
          await expectFailure("The first pull is by digest", image);
        });

        test(`${name} prints what docs/operations.md shows for a name that no rule covers`, async () => {
          await expectFailure("No rule, or no right to create the repository", `${HOST}/gcr/app:1`);
        });

        test(`${name} prints what docs/operations.md shows for a role that may not import`, async () => {
          expectPulled(await pull(`${HOST}/quay/org/app:1`));
          const RoleName = `reader-${name}`;
          const iam = account.iam();
          const document = (statement: object) =>
            JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
          await iam.send(
            new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: document({}) }),
          );
          await iam.send(
            new PutRolePolicyCommand({
              RoleName,
              PolicyName: "pull",
              PolicyDocument: document({
                Effect: "Allow",
                Action: [
                  "ecr:GetAuthorizationToken",
                  "ecr:BatchGetImage",
                  "ecr:GetDownloadUrlForLayer",
                ],
                Resource: "*",
              }),
            }),
          );
          const sts = new STSClient({ region: REGION });
          const { Credentials } = await sts.send(
            new AssumeRoleCommand({
              RoleArn: `arn:aws:iam::${prod.account}:role/${RoleName}`,
              RoleSessionName: "test",
            }),
          );
          sts.destroy();
          const env = await login(Credentials?.AccessKeyId, Credentials?.SessionToken);
          expectPulled(await pull(`${HOST}/quay/org/app:1`, env));
          await expectFailure("No right to import, or no such tag", `${HOST}/quay/org/app:2`, env);
        });

        test(`${name} prints what docs/operations.md shows for an upstream that is down`, async () => {
          account.sandbox.upstream.set("quay.io/org/down", { failure: "unavailable" });
          await expectFailure("The upstream is down", `${HOST}/quay/org/down:1`);
        });

        test(`${name} prints what docs/operations.md shows for a login that has expired`, async () => {
          const env = await login();
          account.sandbox.clock.advance(13);
          await expectFailure("The login has expired", `${HOST}/quay/org/app:1`, env);
        });

        test(`${name} prints what docs/operations.md shows without a login`, async () => {
          const { REGISTRY_LOGIN: _, REGISTRY_AUTH_FILE: __, ...env } = await login();
          await expectFailure("No login", `${HOST}/quay/org/app:1`, env);
        });

        test(`${name} prints what docs/operations.md shows for an account without access`, async () => {
          expectPulled(await pull(`${HOST}/quay/org/app:1`));
          const env = await login(FOREIGNER);
          await expectFailure("Another account without access", `${HOST}/quay/org/app:1`, env);
        });
      });

      const format = name === "containerd" ? "containerd" : "registries.conf";
      const configure = async () => {
        const options = ["--env", "prod", "--region", REGION, "--format", format];
        client.configure((await run("mirrors", ...options)).stdout);
      };

      test(`${name} pulls by upstream names from the cache with what \`mirrors --format ${format}\` prints`, async () => {
        await configure();
        for (const image of ["docker.io/library/nginx:1.27", "quay.io/mirrored/app:1"]) {
          expectPulled(await pull(image));
        }
        expect(await cachedDigest("docker-hub/library/nginx", "1.27")).toBeDefined();
        expect(await cachedDigest("quay/mirrored/app", "1")).toBeDefined();
        expect(bypassing()).toEqual([]);
      });

      test(`${name} offers the login to no upstream when the cache fails`, async () => {
        await configure();
        account.sandbox.faults.add({ kind: "deny", action: "BatchGetImage", times: 100 });
        expect((await pull("docker.io/library/redis:7")).code).not.toBe(0);
        account.sandbox.faults.clear();
        const image = `quay.io/mirrored/${name}@${DIGEST}`;
        expect((await pull(image)).code).not.toBe(0);
        expect(bypassing()).toEqual([]);
      });
    });
  });

  requireOrSkip(findClient("skopeo"), "skopeo inspect", () => {
    test("skopeo asks an upstream for nothing but its list of tags, and without the login", async () => {
      const client = clients.client("skopeo");
      const { stdout } = await run(
        ...["mirrors", "--env", "prod", "--region", REGION, "--format", "registries.conf"],
      );
      client.configure(stdout);
      const inspect = async (...options: string[]) => {
        account.sandbox.calls.reset();
        const image = "docker://quay.io/org/app:1";
        const env = { ...(await login()), HOME: client.home ?? "" };
        expect(await runProgram("skopeo", ["inspect", ...options, image], env)).toMatchObject({
          code: 0,
        });
        return bypassing().map(({ action }) => action);
      };
      expect(await inspect()).toEqual(["GET /v2/", "GET tags"]);
      expect(await inspect("--no-tags")).toEqual([]);
    });
  });

  requireOrSkip(findClient("buildah"), "a rewritten Dockerfile", () => {
    test("buildah builds a Dockerfile that `rewrite` has changed, from the cache alone", async () => {
      const directory = clients.loginDirectory();
      const file = join(directory, "Dockerfile");
      writeFileSync(file, "FROM nginx:1.25\nCOPY Dockerfile /\n");
      await run("rewrite", file, "--env", "prod", "--region", REGION, "--write");
      const env = { ...(await login()), HOME: directory };
      const outcome = await runProgram(
        "buildah",
        [
          ...["--root", `${directory}/root`, "--runroot", `${directory}/run`],
          ...["--storage-driver", "vfs", "bud", "--isolation", "chroot", directory],
        ],
        env,
      );
      expect(outcome).toMatchObject({ code: 0 });
      expect(outcome.stdout).toContain(`FROM ${HOST}/docker-hub/library/nginx:1.25`);
      expect(bypassing()).toEqual([]);
    });
  });

  requireOrSkip(
    findDebianProgram("docker-credential-ecr-login", "amazon-ecr-credential-helper", "skopeo"),
    "amazon-ecr-credential-helper",
    () => {
      test("skopeo logs in by the credential helper of ECR", async () => {
        const home = clients.loginDirectory();
        const { REGISTRY_AUTH_FILE: _, ...env } = await login();
        mkdirSync(join(home, ".docker"));
        writeFileSync(
          join(home, ".docker/config.json"),
          JSON.stringify({ credHelpers: { [HOST]: "ecr-login" } }),
        );
        const outcome = await runProgram(
          "skopeo",
          ["inspect", "--no-tags", `docker://${HOST}/quay/org/helped:1`],
          { ...env, HOME: home },
        );
        expect(outcome).toMatchObject({ code: 0 });
        expect(account.sandbox.calls.count({ action: "GetAuthorizationToken" })).toBe(2);
      });
    },
  );

  requireOrSkip(
    findDebianProgram("docker-registry", "docker-registry", "skopeo"),
    "a registry on this machine as the upstream",
    () => {
      test("skopeo pulls through the cache what was pushed to docker-registry", async () => {
        const directory = clients.loginDirectory();
        const server = createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        server.close();
        const config = join(directory, "registry.yml");
        writeFileSync(
          config,
          [
            "version: 0.1",
            `storage: { filesystem: { rootdirectory: "${directory}/registry" } }`,
            `http: { addr: "127.0.0.1:${port}" }`,
          ].join("\n"),
        );
        const registry = spawn("docker-registry", ["serve", config], { stdio: "ignore" });
        try {
          const url = `http://127.0.0.1:${port}`;
          while (!(await fetch(`${url}/v2/`).catch(() => undefined))) await wait(50);
          const env = await login();
          const image = `${directory}/image`;
          const skopeo = (...args: string[]) => runProgram("skopeo", args, env);
          const source = `docker://${HOST}/quay/org/source:1`;
          expectOk(await skopeo("copy", source, `dir:${image}`));
          const destination = `docker://127.0.0.1:${port}/own/app:1`;
          expectOk(await skopeo("copy", "--dest-tls-verify=false", `dir:${image}`, destination));
          account.sandbox.upstream.set("quay.io/own/app", { url });
          expectOk(await skopeo("inspect", "--no-tags", `docker://${HOST}/quay/own/app:1`));
          expect(await cachedDigest("quay/own/app", "1")).toBeDefined();
        } finally {
          registry.kill();
          await once(registry, "exit");
        }
      });
      const expectOk = (outcome: Outcome) => expect(outcome).toMatchObject({ code: 0 });
    },
  );
});

test("docs/operations.md shows the messages of the versions that the tests compare", () => {
  const text = page.text.replaceAll(/\s+/g, " ");
  for (const [name, version] of Object.entries(DOCUMENTED)) {
    expect(text).toContain(`${name} ${version}`);
  }
  expect(documented.size).toBe(8);
});
