import { credentialProblems, parseSecretArn } from "../../registry/credential-secret";

const TOKEN = "dckr_pat_never-to-be-seen";
const text = (value: unknown) => JSON.stringify(value);

test("an ARN gives account, region, and the name without what Secrets Manager adds", () => {
  expect(
    parseSecretArn(
      "arn:aws-cn:secretsmanager:cn-north-1:123456789012:secret:ecr-pullthroughcache/a-bcdefg-AbCdEf",
    ),
  ).toEqual({
    account: "123456789012",
    region: "cn-north-1",
    name: "ecr-pullthroughcache/a-bcdefg",
  });
  expect(parseSecretArn("arn:aws:iam::123456789012:role/x")).toBeUndefined();
});

test("a user name and a token are all that ECR needs; more keys do no harm", () => {
  expect(
    credentialProblems(text({ username: "bot", accessToken: TOKEN, note: "x" }), "bot"),
  ).toEqual([]);
});

test.each([
  [undefined, ["it holds bytes, or nothing"]],
  [TOKEN, ["it holds a string that is not JSON"]],
  [text(TOKEN), ["it holds JSON that is no object"]],
  [text([TOKEN]), ["it holds JSON that is no object"]],
  [text({}), ['it lacks "username"', 'it lacks "accessToken"']],
  [text({ username: "bot", password: TOKEN }), ['it lacks "accessToken"']],
  [text({ username: "bot", accessToken: { token: TOKEN } }), ['its "accessToken" is no text']],
  [text({ username: "", accessToken: TOKEN }), ['its "username" is empty']],
  [text({ username: "bot", accessToken: `${TOKEN}\n` }), ['its "accessToken" has white space']],
  [
    text({ username: "other", accessToken: TOKEN }),
    ['its "username" is not bot, which the environment has'],
  ],
])("what is wrong with a value is said without the value (%#)", (value, problems) => {
  const found = credentialProblems(value, "bot");
  expect(found.map((problem) => problem.split("; allowed: ")[0])).toEqual(problems);
  expect(found.join()).not.toContain(TOKEN);
});
