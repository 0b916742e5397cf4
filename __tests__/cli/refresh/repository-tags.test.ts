import { RepositoryTags } from "../../../cli/refresh/repository-tags";
import { ecrClientOf, useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";

const repositoryName = "docker-hub/library/nginx";
const account = useAccount(cache);

const PAGES = [
  {
    imageIds: [{ imageTag: "1.25", imageDigest: "sha256:a" }, { imageDigest: "sha256:untagged" }],
    nextToken: "second",
  },
  { imageIds: [{ imageTag: "1.26", imageDigest: "sha256:b" }] },
];

/** The tags on two pages, of which those that are read are kept. */
function tagsOf(read: object[]): RepositoryTags {
  const client = ecrClientOf(account, () => {
    const page = PAGES[read.length]!;
    read.push(page);
    return Promise.resolve(page);
  });
  return new RepositoryTags(client, repositoryName, String);
}

test("the tags that are looked for are found on every page", async () => {
  const read: object[] = [];
  expect(await tagsOf(read).tagsThat((tag) => tag.startsWith("1.2"))).toEqual([
    { tag: "1.25", digest: "sha256:a" },
    { tag: "1.26", digest: "sha256:b" },
  ]);
  expect(read).toHaveLength(2);
  expect(await tagsOf([]).tagsThat((tag) => tag === "1.26")).toEqual([
    { tag: "1.26", digest: "sha256:b" },
  ]);
});
