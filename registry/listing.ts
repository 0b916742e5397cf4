import {
  DescribeImagesCommand,
  type ECRClient,
  paginateDescribeRepositories,
} from "@aws-sdk/client-ecr";
import { isException } from "./aws/errors";
import { mapConcurrently } from "./aws/map-concurrently";
import { type CachedImage, toCachedImage } from "./cached-image";
import { type Ownership, ownPrefixOf } from "./ownership";

/*
 * What is in a cache, read page by page and passed on at once: of a registry with ten thousand repositories no more is
 * in memory than one page of them, and a page of images for each call that is under way.
 */

/** The most that ECR puts on one page of DescribeRepositories and DescribeImages. */
const PAGE_SIZE = 1_000;

/** Repositories whose images are asked for at a time. */
const CONCURRENCY = 10;

/** A repository of the cache. */
export interface OwnedRepository {
  readonly name: string;
  /** The prefix of the rule that it belongs to. */
  readonly prefix: string;
  readonly arn: string;
  readonly createdAt?: Date;
}

/** Those repositories whose names match. */
export async function* onlyNamed(
  repositories: AsyncIterable<OwnedRepository>,
  matches: (name: string) => boolean,
): AsyncGenerator<OwnedRepository> {
  for await (const repository of repositories) {
    if (matches(repository.name)) yield repository;
  }
}

/** One page of a repository's images. */
export interface ImagePage {
  readonly repository: OwnedRepository;
  readonly images: readonly CachedImage[];
  /** Whether it is the repository's last. */
  readonly isLast: boolean;
}

/** The environment's repositories. ECR can't be asked for a prefix: every page of the registry is read. */
export async function* ownedRepositories(
  client: ECRClient,
  ownership: Ownership,
): AsyncGenerator<OwnedRepository> {
  for await (const page of paginateDescribeRepositories({ client, pageSize: PAGE_SIZE }, {})) {
    for (const {
      repositoryName: name = "",
      repositoryArn: arn = "",
      createdAt,
    } of page.repositories ?? []) {
      const prefix = ownPrefixOf(ownership, name);
      if (prefix !== undefined) yield { name, prefix, arn, ...(createdAt && { createdAt }) };
    }
  }
}

interface RawPage {
  readonly images: readonly CachedImage[];
  readonly nextToken?: string | undefined;
}

/** A page of a repository's images, archived ones too; an empty one if the repository was deleted meanwhile. */
async function readPage(
  ecr: ECRClient,
  repositoryName: string,
  nextToken?: string,
): Promise<RawPage> {
  try {
    const page = await ecr.send(
      new DescribeImagesCommand({
        repositoryName,
        maxResults: PAGE_SIZE,
        nextToken,
        filter: { imageStatus: "ANY" },
      }),
    );
    return {
      images: (page.imageDetails ?? []).map((detail) => toCachedImage(repositoryName, detail)),
      nextToken: page.nextToken,
    };
  } catch (error) {
    if (isException(error, "RepositoryNotFoundException")) return { images: [] };
    throw error;
  }
}

/** All images of one repository. */
export async function imagesOf(ecr: ECRClient, repositoryName: string): Promise<CachedImage[]> {
  const images: CachedImage[] = [];
  let token: string | undefined;
  do {
    const page = await readPage(ecr, repositoryName, token);
    images.push(...page.images);
    token = page.nextToken;
  } while (token !== undefined);
  return images;
}

/**
 * The images of repositories, in the order of the repositories; a repository without images gives one empty page. The
 * first pages of the next repositories are fetched ahead.
 */
export async function* imagePages(
  ecr: ECRClient,
  repositories: AsyncIterable<OwnedRepository>,
  concurrency = CONCURRENCY,
): AsyncGenerator<ImagePage> {
  const firstPages = mapConcurrently(repositories, concurrency, async (repository) => ({
    repository,
    first: await readPage(ecr, repository.name),
  }));
  for await (const { repository, first } of firstPages) {
    let page = first;
    for (;;) {
      yield { repository, images: page.images, isLast: page.nextToken === undefined };
      if (page.nextToken === undefined) break;
      page = await readPage(ecr, repository.name, page.nextToken);
    }
  }
}

/** The images of repositories, one repository after the other with all of its pages. */
export async function* imagesByRepository(
  ecr: ECRClient,
  repositories: AsyncIterable<OwnedRepository>,
): AsyncGenerator<Pick<ImagePage, "repository" | "images">> {
  let all: CachedImage[] = [];
  for await (const { repository, images, isLast } of imagePages(ecr, repositories)) {
    all = all.length === 0 ? [...images] : all.concat(images);
    if (!isLast) continue;
    yield { repository, images: all };
    all = [];
  }
}
