import fc from "fast-check";
import { logicalId } from "../../ecr/logical-id";

test.each([
  [["us-east-1", "docker-hub"], "us-east-1_docker-hub"],
  [["us-east-1", "mirrors/quay.io"], "us-east-1_mirrors__quay_-io"],
  [["us-east-1", "ROOT"], "us-east-1_ROOT"],
  [["pull", "team+puller@acme"], "pull_team_x2b_puller_x40_acme"],
  [["template"], "template"],
])("the logical id of %j is %s", (parts, id) => {
  expect(logicalId(...parts)).toBe(id);
});

const region = fc.constantFrom("us-east-1", "eu-west-1", "us-west-1");
const prefix = fc.stringMatching(/^[ab1]([._/-]?[ab1]){1,4}$/);

test("two prefixes or regions never share a logical id, and every logical id is valid in Terraform", () => {
  fc.assert(
    fc.property(region, prefix, region, prefix, (one, first, other, second) => {
      const [left, right] = [logicalId(one, first), logicalId(other, second)];
      expect(left === right).toBe(one === other && first === second);
      expect(left).toMatch(/^[a-z][A-Za-z0-9_-]*$/);
    }),
    { numRuns: 2000 },
  );
});
