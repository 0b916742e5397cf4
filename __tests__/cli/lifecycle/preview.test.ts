import { previewLifecyclePolicy } from "../../../cli/lifecycle/preview";
import { type Attempt, ecrClientOf, useAccount } from "../../support/account";
import { cache } from "../../support/registry-environments";

const account = useAccount(cache);

/** What ECR answers with a finished preview of some images, of which one has been deleted since. */
function previewOf(digests: readonly string[], gone: string) {
  return ({ action, input: { imageIds = [] } }: Attempt): Promise<object> => {
    if (action !== "DescribeImages") {
      const previewResults = digests.map((imageDigest) => ({
        imageDigest,
        action: { type: "EXPIRE" },
      }));
      return Promise.resolve({ status: "COMPLETE", previewResults });
    }
    return imageIds.some(({ imageDigest }) => imageDigest === gone)
      ? Promise.reject(
          Object.assign(new Error("no such image"), { name: "ImageNotFoundException" }),
        )
      : Promise.resolve({
          imageDetails: imageIds.map(({ imageDigest }) => ({
            imageDigest,
            imageSizeInBytes: 1_000,
            imagePushedAt: new Date(0),
          })),
        });
  };
}

test.each(["a", "c", "e"])(
  "a preview counts the bytes of the images that are still there, without %s",
  async (gone) => {
    const ecr = ecrClientOf(account, previewOf(["a", "b", "c", "d", "e"], gone));
    expect(await previewLifecyclePolicy(ecr, "quay/org/app", "{}")).toEqual({
      expire: { images: 5, bytes: 4_000 },
      archive: { images: 0, bytes: 0 },
    });
  },
);

test("what else goes wrong while images are described is thrown", async () => {
  const answer = previewOf(["a"], "");
  const ecr = ecrClientOf(account, (attempt) =>
    attempt.action === "DescribeImages"
      ? Promise.reject(new Error("something else"))
      : answer(attempt),
  );
  await expect(previewLifecyclePolicy(ecr, "quay/org/app", "{}")).rejects.toThrow("something else");
});
