import type { ListImagesRequest, ListImagesResponse } from "@aws-sdk/client-ecr";
import { RepositoryTags } from "../../../cli/refresh/repository-tags";

const PAGES: Readonly<Record<string, ListImagesResponse>> = {
  first: {
    imageIds: [{ imageTag: "1.25", imageDigest: "sha256:a" }, { imageDigest: "sha256:untagged" }],
    nextToken: "second",
  },
  second: { imageIds: [{ imageTag: "1.26", imageDigest: "sha256:b" }] },
};

function tagsOf(asked: ListImagesRequest[]): RepositoryTags {
  const unwanted = () => Promise.reject(new Error("not to be called"));
  const ecr = {
    batchDeleteImage: unwanted,
    describeImages: unwanted,
    putImage: unwanted,
    listImages: (input: ListImagesRequest) => {
      asked.push(input);
      return Promise.resolve(PAGES[input.nextToken ?? "first"]!);
    },
  };
  return new RepositoryTags(ecr, "docker-hub/library/nginx", String);
}

describe("a tag that is looked for", () => {
  test("is found on a later page", async () => {
    const asked: ListImagesRequest[] = [];
    expect(await tagsOf(asked).findTag((tag) => tag === "1.26")).toEqual({
      tag: "1.26",
      digest: "sha256:b",
    });
    expect(asked.map(({ nextToken }) => nextToken)).toEqual([undefined, "second"]);
  });

  test("is on no page after the one that has it", async () => {
    const asked: ListImagesRequest[] = [];
    expect(await tagsOf(asked).findTag(() => true)).toEqual({ tag: "1.25", digest: "sha256:a" });
    expect(asked).toHaveLength(1);
  });

  test("may be on none", async () => {
    expect(await tagsOf([]).findTag(() => false)).toBeUndefined();
  });
});
