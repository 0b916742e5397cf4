import type { DescribeImagesRequest, LifecyclePolicyPreviewResult } from "@aws-sdk/client-ecr";
import { previewLifecyclePolicy } from "../../../cli/lifecycle/preview";

const expiring = (imageDigest: string): LifecyclePolicyPreviewResult => ({
  imageDigest,
  action: { type: "EXPIRE" },
});

/** ECR with a finished preview of some images, of which one has been deleted since. */
function ecrWith(digests: readonly string[], gone: string) {
  return {
    startLifecyclePolicyPreview: () => Promise.resolve({}),
    getLifecyclePolicyPreview: () =>
      Promise.resolve({ status: "COMPLETE", previewResults: digests.map(expiring) }),
    describeImages: ({ imageIds = [] }: DescribeImagesRequest) =>
      imageIds.some(({ imageDigest }) => imageDigest === gone)
        ? Promise.reject(
            Object.assign(new Error("no such image"), { name: "ImageNotFoundException" }),
          )
        : Promise.resolve({
            imageDetails: imageIds.map(({ imageDigest }) => ({
              imageDigest,
              imageSizeInBytes: 1_000,
              imagePushedAt: new Date(0),
            })),
          }),
  };
}

test.each(["a", "c", "e"])(
  "a preview counts the bytes of the images that are still there, without %s",
  async (gone) => {
    const ecr = ecrWith(["a", "b", "c", "d", "e"], gone);
    expect(await previewLifecyclePolicy(ecr as never, "quay/org/app", "{}")).toEqual({
      expire: { images: 5, bytes: 4_000 },
      archive: { images: 0, bytes: 0 },
    });
  },
);

test("what else goes wrong while images are described is thrown", async () => {
  const ecr = {
    ...ecrWith(["a"], ""),
    describeImages: () => Promise.reject(new Error("something else")),
  };
  await expect(previewLifecyclePolicy(ecr as never, "quay/org/app", "{}")).rejects.toThrow(
    "something else",
  );
});
