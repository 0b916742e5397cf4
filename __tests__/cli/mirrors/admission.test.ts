import { Environment as Cel } from "@marcbachmann/cel-js";
import * as fc from "fast-check";
import { load, loadAll } from "js-yaml";
import { z } from "zod";
import { cacheOf, cacheUri } from "../../../ecr/cache-uri";
import { defineEnvironment } from "../../../ecr/environment";
import { replacementsOf } from "../../../cli/mirrors/formats/cluster-policy";
import { configurationOf } from "../../../cli/mirrors/formats";
import { mirrorsOf } from "../../../cli/mirrors/mirrors";
import type { MirrorFormatName } from "../../../cli/mirrors/names";

const ECR = "444444444444.dkr.ecr.us-east-1.amazonaws.com";
const HOST = "111111111111.dkr.ecr.us-east-1.amazonaws.com";
const environment = defineEnvironment({
  name: "dev",
  account: "111111111111",
  regions: ["us-east-1"],
  rules: [
    { upstream: "docker-hub", credential: { username: "bot" } },
    { upstream: "k8s", prefix: "ROOT" },
    { upstream: "ecr", registry: ECR, prefix: "shared", upstreamPrefix: "team-a" },
  ],
});
const cache = cacheOf(environment, "us-east-1");
const mirrors = mirrorsOf(cache);
const print = (format: MirrorFormatName) => configurationOf(format, mirrors).text;

/** The fields of a policy, which Kyverno's and Kubernetes' share, as their API references have them. */
const fields = {
  matchConstraints: z.strictObject({
    resourceRules: z.array(
      z.strictObject({
        apiGroups: z.array(z.string()),
        apiVersions: z.array(z.string()),
        operations: z.array(z.enum(["CREATE", "UPDATE"])),
        resources: z.array(z.string()),
      }),
    ),
  }),
  variables: z.array(z.strictObject({ name: z.string(), expression: z.string() })),
  mutations: z.array(
    z.strictObject({
      patchType: z.literal("ApplyConfiguration"),
      applyConfiguration: z.strictObject({ expression: z.string() }),
    }),
  ),
  reinvocationPolicy: z.enum(["IfNeeded", "Never"]),
  failurePolicy: z.enum(["Fail", "Ignore"]),
};

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/admissionregistration/mutating-admission-policy-v1/ */
const admissionPolicy = z.strictObject({
  apiVersion: z.literal("admissionregistration.k8s.io/v1"),
  kind: z.literal("MutatingAdmissionPolicy"),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject(fields),
});

/** Source: https://github.com/kyverno/api/blob/main/api/policies.kyverno.io/v1beta1/mutating_policy.go */
const mutatingPolicy = z.strictObject({
  apiVersion: z.literal("policies.kyverno.io/v1"),
  kind: z.literal("MutatingPolicy"),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    ...fields,
    autogen: z.strictObject({
      podControllers: z.strictObject({ controllers: z.array(z.string()) }),
    }),
  }),
});

const [policy, binding] = loadAll(print("kubernetes"));
const { spec } = admissionPolicy.parse(policy);

interface Named {
  name: string;
}
interface PodSpec {
  containers?: (Named & { image: string })[];
  initContainers?: (Named & { image: string })[];
  ephemeralContainers?: (Named & { image: string })[];
  volumes?: (Named & { image?: { reference: string }; emptyDir?: object })[];
}
interface Request {
  readonly operation: "CREATE" | "UPDATE";
  readonly object: PodSpec;
  readonly oldObject?: PodSpec;
}

/** What the policy applies to a pod. CEL's objects of a schema are maps here, which the library knows. */
function applied({ operation, object, oldObject }: Request): PodSpec {
  const cel = new Cel({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false });
  // Kubernetes' own: https://kubernetes.io/docs/reference/using-api/cel/#kubernetes-list-library
  cel.registerFunction("list.indexOf(dyn): int", (list: unknown[], item: unknown) =>
    BigInt(list.indexOf(item)),
  );
  const context: Record<string, unknown> = {
    request: { operation },
    object: { spec: object },
    oldObject: oldObject && { spec: oldObject },
  };
  const variables: Record<string, unknown> = {};
  for (const { name, expression } of spec.variables) {
    variables[name] = cel.evaluate(expression, { ...context, variables });
  }
  const expression = spec.mutations[0]!.applyConfiguration.expression.replaceAll(
    /\bObject(?:\.\w+)*\{/g,
    "{",
  ).replaceAll(/\b(\w+): /g, '"$1": ');
  const result = cel.evaluate(expression, { ...context, variables }) as { spec: PodSpec };
  return result.spec;
}

const image = (name: string) => ({ name: "app", image: name });

/** The cache name that the policy gives a container's image. */
const byPolicy = (name: string) =>
  applied({ operation: "CREATE", object: { containers: [image(name)] } }).containers?.[0]?.image;

test("the binding applies the policy to the whole cluster", () => {
  expect(binding).toEqual({
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingAdmissionPolicyBinding",
    metadata: { name: "ecr-pull-through-cache" },
    spec: { policyName: "ecr-pull-through-cache" },
  });
});

test("Kyverno's policy is the one of Kubernetes, and changes pods only", () => {
  const { autogen, ...own } = mutatingPolicy.parse(load(print("kyverno"))).spec;
  expect(own).toEqual(spec);
  expect(autogen).toEqual({ podControllers: { controllers: [] } });
});

test("the policy matches new pods, and new ephemeral containers", () => {
  expect(
    spec.matchConstraints.resourceRules.map(({ operations, resources }) => [operations, resources]),
  ).toEqual([
    [["CREATE"], ["pods"]],
    [["UPDATE"], ["pods/ephemeralcontainers"]],
  ]);
});

test("the policy renames the images of every list of a new pod, volumes included", () => {
  expect(
    applied({
      operation: "CREATE",
      object: {
        containers: [
          { name: "a", image: "nginx:1.27" },
          { name: "b", image: "example.com/b" },
        ],
        initContainers: [{ name: "i", image: "registry.k8s.io/pause:3.10" }],
        volumes: [
          { name: "v", image: { reference: `${ECR}/team-a/model:1` } },
          { name: "e", emptyDir: {} },
        ],
      },
    }),
  ).toEqual({
    containers: [
      { name: "a", image: `${HOST}/docker-hub/library/nginx:1.27` },
      { name: "b", image: "example.com/b" },
    ],
    initContainers: [{ name: "i", image: `${HOST}/pause:3.10` }],
    ephemeralContainers: [],
    volumes: [{ name: "v", image: { reference: `${HOST}/shared/model:1` } }],
  });
});

test("the policy renames the image of a new ephemeral container, and changes nothing else of a running pod", () => {
  const old = { name: "first", image: "busybox" };
  const containers = [image("nginx")];
  expect(
    applied({
      operation: "UPDATE",
      oldObject: { containers, ephemeralContainers: [old] },
      object: { containers, ephemeralContainers: [old, { name: "second", image: "busybox" }] },
    }),
  ).toEqual({
    containers: [],
    initContainers: [],
    volumes: [],
    ephemeralContainers: [{ name: "second", image: `${HOST}/docker-hub/library/busybox` }],
  });
});

const component = fc.stringMatching(/^[a-z0-9]{1,5}([-_][a-z0-9]{1,3})?$/);
const names = fc
  .tuple(
    fc.constantFrom(
      ...["", "docker.io/", "index.docker.io/", "registry.k8s.io/", "quay.io/", "localhost/"],
      ...["localhost:5000/", "r.example:5000/", `${ECR}/team-a/`, `${ECR}/team-b/`],
      `${HOST}/docker-hub/`,
    ),
    fc.array(component, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
    fc.constantFrom(
      "",
      ":1.25",
      ":v1_x",
      `@sha256:${"a".repeat(64)}`,
      `:1@sha256:${"a".repeat(64)}`,
    ),
  )
  .map((parts) => parts.join(""))
  // These are caught by another rule of the cache, which a policy can't know.
  .filter(
    (name) =>
      !/^(docker\.io\/|index\.docker\.io\/|registry\.k8s\.io\/)?(shared|docker-hub)\//.test(name),
  );

test("the policy maps every name as the cache does", () => {
  fc.assert(
    fc.property(names, (name) => {
      expect(byPolicy(name)).toBe(cacheUri(name, cache).cacheUri ?? name);
    }),
    { numRuns: 300 },
  );
});

test("the policy maps the parts of Docker Hub that an environment caches", () => {
  const official = cacheOf(
    defineEnvironment({
      name: "official",
      account: "111111111111",
      regions: ["us-east-1"],
      rules: [
        { upstream: "docker-hub", credential: { username: "bot" }, upstreamPrefix: "library" },
      ],
    }),
    "us-east-1",
  );
  const { text } = configurationOf("kubernetes", mirrorsOf(official));
  const cached = admissionPolicy.parse(loadAll(text)[0]).spec.variables.at(-1)!.expression;
  const images = ["nginx:1", "docker.io/nginx", "library/nginx", "grafana/loki", "quay.io/a/b"];
  const cel = new Cel({ unlistedVariablesAreDyn: true });
  expect(cel.evaluate(cached, { variables: { images } })).toEqual(
    images.map((name) => cacheUri(name, official).cacheUri ?? name),
  );
});

describe("the deprecated Kyverno policy", () => {
  interface Step {
    list: string;
    preconditions: { all: { key: string; operator: string; value: unknown }[] };
    patchStrategicMerge: { spec: Record<string, { name: string; image: string }[]> };
  }
  const cluster = load(print("kyverno-cluster-policy")) as {
    kind: string;
    spec: { rules: { name: string; mutate: { foreach: Step[] } }[] };
  };
  const steps = cluster.spec.rules.flatMap((rule) => rule.mutate.foreach);

  test("the deprecated Kyverno policy has a rule for each mirror, and steps for every kind of container", () => {
    expect(cluster.kind).toBe("ClusterPolicy");
    expect(cluster.spec.rules.map(({ name }) => name)).toEqual([
      "444444444444-dkr-ecr-us-east-1-amazonaws-com-team--1",
      "docker-io-2",
      "registry-k8s-io-3",
    ]);
    expect(new Set(steps.flatMap((step) => Object.keys(step.patchStrategicMerge.spec)))).toEqual(
      new Set(["containers", "initContainers", "ephemeralContainers"]),
    );
  });

  test("the deprecated Kyverno policy matches and replaces by the same pattern", () => {
    for (const step of steps) {
      const [list] = Object.keys(step.patchStrategicMerge.spec);
      expect(step.list).toBe(`request.object.spec.${list} || \`[]\``);
      const [looks] = step.preconditions.all;
      const form = /^\{\{ regex_match\('(.*)', '\{\{ element\.image \}\}'\) \}\}$/.exec(
        looks?.key ?? "",
      )?.[1];
      const replaced = step.patchStrategicMerge.spec[list!]?.[0]?.image ?? "";
      expect(form).toBeDefined();
      expect(replaced).toContain(`regex_replace_all('${form}', '{{ element.image }}', '`);
      expect(() => new RegExp(form!)).not.toThrow();
    }
  });

  test("the deprecated Kyverno policy maps every name as the cache does", () => {
    const forms = mirrors
      .flatMap(replacementsOf)
      .map(({ form, by }) => ({ form: new RegExp(form), by }));
    const byClusterPolicy = (name: string): string | null => {
      const found = forms.filter(({ form }) => form.test(name) && !name.startsWith("localhost/"));
      expect(found.length).toBeLessThanOrEqual(1);
      return found[0] ? name.replace(found[0].form, found[0].by) : null;
    };
    fc.assert(
      fc.property(names, (name) => {
        expect(byClusterPolicy(name)).toBe(cacheUri(name, cache).cacheUri);
      }),
      { numRuns: 500 },
    );
  });
});
