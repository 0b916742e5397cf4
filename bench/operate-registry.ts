import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import dev from "../__tests__/support/samples/environments/dev";
import { formatLifecyclePolicy } from "../ecr/lifecycle-policy";

/*
 * A registry of any size that costs nothing: what it has follows from its numbers, and is made up when it is asked for.
 */

export interface RegistrySize {
  readonly repositories: number;
  readonly imagesEach: number;
}

/** The account of `dev`, with such a registry in it. */
export interface Registry {
  readonly url: string;
  /** How often each action was called. */
  readonly calls: Map<string, number>;
  close(): Promise<void>;
}

const NOW = Date.now() / 1000;
const DAY = 24 * 3_600;

function repositoryName(index: number): string {
  const { prefix } = dev.rules[index % dev.rules.length]!;
  return `${prefix}/organisation-${index % 97}/application-${String(index).padStart(6, "0")}`;
}

function image(repository: string, index: number): object {
  const digest = createHash("sha256").update(`${repository} ${index}`).digest("hex");
  const ageDays = (index * 37) % 400;
  return {
    registryId: dev.account,
    repositoryName: repository,
    imageDigest: `sha256:${digest}`,
    imageTags: [`1.${index}`, `1.${index}.0-bookworm`],
    imageSizeInBytes: 50_000_000 + (index % 7) * 1_000_000,
    imagePushedAt: NOW - ageDays * DAY,
    imageManifestMediaType: "application/vnd.oci.image.manifest.v1+json",
    artifactMediaType: "application/vnd.oci.image.config.v1+json",
    lastRecordedPullTime: NOW - (ageDays / 2) * DAY,
    imageStatus: "ACTIVE",
  };
}

interface Paged {
  readonly nextToken?: string;
  readonly maxResults?: number;
}

/** One page of things that are known by their numbers. */
function page<Item>(
  { nextToken = "0", maxResults = 100 }: Paged,
  length: number,
  make: (index: number) => Item,
) {
  const start = Number(nextToken);
  const end = Math.min(length, start + maxResults);
  return {
    items: Array.from({ length: end - start }, (_, offset) => make(start + offset)),
    ...(end < length && { nextToken: String(end) }),
  };
}

function answer(
  action: string,
  input: Paged & { readonly repositoryName?: string },
  size: RegistrySize,
): object {
  switch (action) {
    case "DescribeRepositories": {
      const { items, nextToken } = page(input, size.repositories, (index) => {
        const name = repositoryName(index);
        return {
          repositoryName: name,
          repositoryArn: `arn:aws:ecr:us-east-1:${dev.account}:repository/${name}`,
          createdAt: NOW - 500 * DAY,
          registryId: dev.account,
          repositoryUri: `${dev.account}.dkr.ecr.us-east-1.amazonaws.com/${name}`,
          imageTagMutability: "MUTABLE",
        };
      });
      return { repositories: items, nextToken };
    }
    case "DescribeImages": {
      const { repositoryName: name = "" } = input;
      const { items, nextToken } = page(input, size.imagesEach, (index) => image(name, index));
      return { imageDetails: items, nextToken };
    }
    case "DescribePullThroughCacheRules":
      return {
        pullThroughCacheRules: dev.rules.map(({ prefix, upstreamUrl }) => ({
          ecrRepositoryPrefix: prefix,
          upstreamRegistryUrl: upstreamUrl,
        })),
      };
    case "DescribeRepositoryCreationTemplates":
      return {
        repositoryCreationTemplates: dev.rules.map(({ prefix, lifecyclePolicy }) => ({
          prefix,
          appliedFor: ["PULL_THROUGH_CACHE"],
          lifecyclePolicy: formatLifecyclePolicy(lifecyclePolicy),
        })),
      };
    case "GetLifecyclePolicy":
      return { lifecyclePolicyText: formatLifecyclePolicy(dev.rules[0]!.lifecyclePolicy) };
    default:
      throw new Error(`the registry does not answer ${action}`);
  }
}

const IDENTITY = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::${dev.account}:user/bench</Arn><UserId>AIDA</UserId><Account>${dev.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`;

/** Starts it on a free port. */
export async function startRegistry(size: RegistrySize): Promise<Registry> {
  const calls = new Map<string, number>();
  const count = (action: string) => calls.set(action, (calls.get(action) ?? 0) + 1);
  const server = createServer((incoming, outgoing) => {
    void text(incoming).then((body) => {
      const target = incoming.headers["x-amz-target"];
      if (typeof target !== "string") {
        count("GetCallerIdentity");
        outgoing.writeHead(200, { "content-type": "text/xml" }).end(IDENTITY);
        return;
      }
      const action = target.split(".").at(-1) ?? "";
      count(action);
      const content = answer(action, JSON.parse(body) as Paged, size);
      outgoing
        .writeHead(200, { "content-type": "application/x-amz-json-1.1" })
        .end(JSON.stringify(content));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
