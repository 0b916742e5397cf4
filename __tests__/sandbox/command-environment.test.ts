import { commandEnvironment, isolate, withoutMisleading } from "../../sandbox/command-environment";

const workspace = { env: { CDKTF_OUTDIR: "/workspace" } };
const base = { HTTPS_PROXY: "http://proxy.example.com:3128" };
const sandbox = { env: isolate(base, "http://127.0.0.1:4566", "eu-west-1") };

test("a sandboxed command keeps the HTTPS proxy where Terraform has to download the provider", () => {
  expect(commandEnvironment(sandbox, workspace, undefined, base)).toMatchObject({
    ...base,
    NO_PROXY: "127.0.0.1,localhost",
    CDKTF_OUTDIR: "/workspace",
  });
});

test("a sandboxed command has no proxy where the provider comes from a mirror", () => {
  const env = commandEnvironment(sandbox, workspace, "/mirror", base);
  expect(Object.keys(env).filter((name) => /^https?_proxy$/i.test(name))).toEqual([]);
});

test.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE", "TF_WORKSPACE", "all_proxy"])(
  "`withoutMisleading` drops %s",
  (name) => {
    expect(withoutMisleading({ [name]: "x", AWS_MAX_ATTEMPTS: "2", TF_LOG: "INFO" })).toEqual({
      AWS_MAX_ATTEMPTS: "2",
      TF_LOG: "INFO",
    });
  },
);
