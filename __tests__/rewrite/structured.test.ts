import { customResources } from "../../rewrite/formats";
import { Rewriter } from "../../rewrite/rewrite";
import { brief, mapper } from "../support/rewritten";

const rewriter = new Rewriter({ mapper });

function rewrite(path: string, text: string, files: Readonly<Record<string, string>> = {}) {
  const result = rewriter.rewrite(text, { path, readFile: (file) => files[file] }, true);
  if (result.problem) throw new Error(result.problem.reason);
  return result;
}

const HUB = "cache.test/docker-hub";

/** What is named, as `before` and `after` of the marked stretches. */
function inAndOut(marked: string): [string, string] {
  return [
    marked.replace(/«(.*?)→(.*?)»/gs, "$1"),
    marked.replace(/«(.*?)→(.*?)»/gs, "$2").replaceAll("HUB", HUB),
  ];
}

const compose = (service: string) => `services:\n  a:\n${service.replace(/^/gm, "    ")}\n`;

describe("a name in YAML moves, however it is written:", () => {
  test.each([
    ["plain", "image: «nginx→HUB/library/nginx»:1"],
    ["in double quotes", 'image: "«nginx→HUB/library/nginx»:1"'],
    ["in single quotes", "image: '«nginx→HUB/library/nginx»:1'"],
    ["with an escape", 'image: "«docker.io\\x2fnginx:1→HUB/library/nginx:1»"'],
    ["with a comment", "image: «nginx→HUB/library/nginx» # image: x"],
    ["on the next line", "image:\n  «nginx→HUB/library/nginx»"],
    ["as a literal block", "image: |-\n  «nginx→HUB/library/nginx»:1"],
    ["as a folded block", "image: >\n  «nginx→HUB/library/nginx»:1\n"],
    ["behind an explicit key", "? image\n: «nginx→HUB/library/nginx»"],
    ["with a quoted key", '"image": «nginx→HUB/library/nginx»'],
    ["with a tag of YAML", "image: !!str «nginx→HUB/library/nginx»"],
    ["with an anchor that nobody uses", "image: &x «nginx→HUB/library/nginx»"],
    ["in braces", "{image: «nginx→HUB/library/nginx», x: [a]}"],
    ["in braces over lines", '{\n  "image": "«nginx→HUB/library/nginx»",\n}'],
    ["with a default", "image: ${IMAGE:-«nginx→HUB/library/nginx»:1}"],
    ["with a default of a default", "image: ${A:-${B-«nginx→HUB/library/nginx»:1}}"],
  ])("%s", (_, marked) => {
    const [text, expected] = inAndOut(compose(marked));
    expect(rewrite("compose.yaml", text).text).toBe(expected);
    expect(rewrite("compose.yaml", expected).text).toBe(expected);
  });
});

describe("a value in YAML is not an image name:", () => {
  test.each([
    "image:",
    "image: ~",
    'image: ""',
    "image: 1.25",
    "image: true",
    "image: [nginx]",
    "image: {x: nginx}",
  ])("%s", (line) => {
    const text = compose(line);
    expect(rewrite("compose.yaml", text)).toMatchObject({ text, references: [] });
  });
});

describe("YAML anchors and aliases:", () => {
  test("a name behind x- moves where it is written, if it is an image wherever it is used", () => {
    const text = "x-a: &a nginx:1\nservices: {b: {image: *a}, c: {image: *a}}\n";
    expect(rewrite("compose.yaml", text)).toMatchObject({
      text: `x-a: &a ${HUB}/library/nginx:1\nservices: {b: {image: *a}, c: {image: *a}}\n`,
      references: [{ line: 1, column: 9 }],
    });
  });

  test("a name deep behind x- moves, too", () => {
    const text = "x-a:\n  b: {c: &a nginx:1}\nservices: {b: {image: *a}}\n";
    expect(brief(rewrite("compose.yaml", text).references)).toEqual(["2:13 nginx:1"]);
    expect(rewrite("compose.yaml", text).text).toContain(`&a ${HUB}/library/nginx:1}`);
  });

  test("a name that is an image itself moves with those that repeat it", () => {
    const text = "services: {b: {image: &a nginx:1}, c: {image: *a}}\n";
    expect(rewrite("compose.yaml", text).text).toBe(
      `services: {b: {image: &a ${HUB}/library/nginx:1}, c: {image: *a}}\n`,
    );
  });

  test.each([
    [
      "is used for something else",
      "x-a: &a nginx:1\nservices: {b: {image: *a, hostname: *a}}\n",
      "1:9",
    ],
    ["is something else", "name: &a nginx:1\nservices: {b: {image: *a}}\n", "1:10"],
  ])("a name that %s stays, and is reported", (_, text, place) => {
    const result = rewrite("compose.yaml", text);
    expect(result.text).toBe(text);
    expect(brief(result.references)).toEqual([`${place} nginx:1 (ambiguous)`]);
    expect(result.references[0]?.reason).toBe("the anchor &a is used for something else too");
  });

  test("names in maps that are merged or repeated move where they are written, once", () => {
    const text =
      "x-a: &a {image: nginx:1}\nservices:\n  b: *a\n  c:\n    <<: *a\n  d:\n    <<: [*a, {image: redis:7}]\n  e:\n    <<: *a\n    image: busybox:1\n";
    expect(brief(rewrite("compose.yaml", text).references)).toEqual([
      "1:17 nginx:1",
      "10:12 busybox:1",
    ]);
  });

  test("an alias of nothing is nothing", () => {
    const text = "services: {b: {image: *gone}}\n";
    expect(rewrite("compose.yaml", text)).toMatchObject({ text, references: [] });
  });
});

describe("a name in YAML is reported and left alone:", () => {
  test.each([
    ["a name over several lines", compose('image: "ngi\\\n  nx:1"'), ["3:13 nginx:1 (unwritable)"]],
    [
      "what a local tag decides",
      compose("image: !reference [.a, image]"),
      ["3:23 !reference (variable)"],
    ],
    ["what is no image name", compose("image: Nginx"), ["3:12 Nginx (invalid)"]],
    [
      "what is built, also where another service runs it",
      "services: {a: {image: x, build: .}, b: {image: x}, c: {image: y}}",
      ["1:23 x (built-here)", "1:48 x (built-here)", "1:63 y (not-official)"],
    ],
  ])("%s", (_, text, expected) => {
    expect(brief(rewrite("compose.yaml", text).references)).toEqual(expected);
  });
});

describe("Compose", () => {
  test("is known by what is in it, too", () => {
    expect(brief(rewrite("stack.yml", "services: {a: {image: nginx}}").references)).toEqual([
      "1:23 nginx",
    ]);
  });

  test.each([
    ["as a map", "build: {args: {BASE_IMAGE: node:20, FROM: a/b, PORT: 80, X: a:b, E: null}}"],
    [
      "as a list",
      "build:\n  args:\n  - BASE_IMAGE=node:20\n  - 'FROM=a/b'\n  - PORT=80\n  - X=a:b\n  - E",
    ],
  ])("tells build arguments that are images from others by name, %s", (_, service) => {
    const found = rewrite("compose.yaml", compose(service)).references;
    expect(found.map(({ image, why }) => [image, why])).toEqual([
      ["node:20", undefined],
      ["a/b", undefined],
      ["a:b", "ambiguous"],
    ]);
  });

  test("knows build arguments by the Dockerfile, where there is one", () => {
    const text = compose(
      "build:\n  context: sub\n  dockerfile: D\n  args: {X: a/a:1, BASE_IMAGE: a/b:1}",
    );
    const found = (files: Record<string, string>) =>
      rewrite("compose.yaml", text, files).references.map(({ image, why }) => [image, why]);
    expect(found({ "sub/D": "ARG X\nFROM $X\n" })).toEqual([["a/a:1", undefined]]);
    expect(found({})).toEqual([
      ["a/a:1", "ambiguous"],
      ["a/b:1", undefined],
    ]);
  });

  test("knows build arguments by the Dockerfile in place", () => {
    const text = compose(
      "build:\n  dockerfile_inline: |\n    ARG X=a/c:1\n    FROM $X:2\n    FROM a/b\n  args: {X: a/d, BASE_IMAGE: a/b:1}",
    );
    expect(brief(rewrite("compose.yaml", text).references)).toEqual([
      "5:15 a/c:1",
      "7:14 a/b",
      "8:17 a/d",
    ]);
  });
});

describe("Kubernetes", () => {
  const pod = "spec: {containers: [{image: a/b}]}";
  const kinds: [string, string][] = [
    ["Pod", pod],
    ["PodTemplate", `template: {${pod}}`],
    ...["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet", "ReplicationController", "Job"].map(
      (kind): [string, string] => [kind, `spec: {template: {${pod}}}`],
    ),
    ["CronJob", `spec: {jobTemplate: {spec: {template: {${pod}}}}}`],
  ];
  test.each(kinds)("knows where a %s has its images", (kind, body) => {
    const text = `apiVersion: x/v1\nkind: ${kind}\n${body}\n`;
    const { references } = rewrite("x.yaml", text);
    expect(references.map(({ image, cacheUri }) => [image, cacheUri])).toEqual([
      ["a/b", `${HUB}/a/b`],
    ]);
    const list = `apiVersion: v1\nkind: List\nitems: [{apiVersion: x/v1, kind: ${kind}, ${body}}]\n`;
    expect(rewrite("x.yaml", list).references).toMatchObject([
      { image: "a/b", cacheUri: `${HUB}/a/b` },
    ]);
  });

  const podOf = (at: string) => `${at}:
  containers: [{image: acme/a}]
  initContainers: [{image: acme/b}]
  ephemeralContainers: [{image: acme/c}]
  volumes: [{image: {reference: acme/d}}]`;
  const argoTemplates = `templates:
  - container: {image: acme/a}
    initContainers: [{image: acme/b}]
    sidecars: [{image: acme/c}]
  - script: {image: acme/d}
  - containerSet: {containers: [{image: acme/e}]}`;
  const monitoring =
    "spec: {image: acme/a, containers: [{image: acme/b}], initContainers: [{image: acme/c}]}";
  const indented = (text: string) => text.replace(/^/gm, "  ");

  /** For kinds of resources, an example whose images are all of `acme`. */
  const examples: Readonly<Record<string, string>> = {
    Rollout: `spec:\n  template:\n${indented(indented(podOf("spec")))}`,
    "Workflow|WorkflowTemplate|ClusterWorkflowTemplate": `spec:\n${indented(argoTemplates)}`,
    CronWorkflow: `spec:\n  workflowSpec:\n${indented(indented(argoTemplates))}`,
    "Task|ClusterTask":
      "spec: {steps: [{image: acme/a}], sidecars: [{image: acme/b}], stepTemplate: {image: acme/c}}",
    "Pipeline|PipelineRun":
      "spec: {tasks: [{taskSpec: {steps: [{image: acme/a}]}}], params: [{name: builderImage, default: 'docker.io/acme/b:1'}]}",
    TriggerTemplate:
      "spec: {resourcetemplates: [{kind: TaskRun, spec: {taskSpec: {steps: [{image: acme/a}]}}}]}",
    StepAction: "spec: {image: acme/a}",
    ExecutorPlugin: "spec: {sidecar: {container: {image: acme/a}}}",
    "AnalysisTemplate|Experiment":
      "spec: {metrics: [{provider: {job: {spec: {template: {spec: {containers: [{image: acme/a}]}}}}}}]}",
    HelmRelease: "spec: {values: {a: {image: {repository: quay.io/acme/a, tag: '1'}}}}".replace(
      "quay.io/",
      "docker.io/",
    ),
    "Application|ApplicationSet":
      "spec: {source: {helm: {valuesObject: {image: 'acme/a:1'}, values: \"image: acme/b:1\"}}}",
    "HelmChart|HelmChartConfig": 'spec: {valuesContent: "image: acme/b:1"}',
    ConfigMap: "data: {sidecarImage: 'docker.io/acme/a:1'}",
    "Service|Configuration": `spec:\n  template:\n${indented(indented(podOf("spec")))}`,
    ClusterServiceVersion: "spec: {relatedImages: [{name: a, image: acme/a}]}",
    "Prometheus|Alertmanager|ThanosRuler|PrometheusAgent": `${monitoring.slice(0, -1)}, thanos: {image: acme/d}}`,
  };
  const customKinds = Object.keys(examples).flatMap((kinds) =>
    kinds.split("|").map((kind) => [kind, kinds] as const),
  );

  test.each(customKinds)("every image of a resource of the kind %s moves", (kind, kinds) => {
    const body = examples[kinds];
    if (body === undefined) throw new Error(`examples lacks ${kinds}`);
    const resource = `apiVersion: x/v1\nkind: ${kind}\n${body}\n`;
    const list = `kind: List\napiVersion: v1\nitems:\n-\n${indented(resource)}`;
    for (const text of [resource, list]) {
      const { text: after, references } = rewrite("x.yaml", text);
      expect(after).toBe(text.replace(/(docker\.io\/)?acme\//g, `${HUB}/acme/`));
      expect(references).toHaveLength(body.match(/acme\//g)!.length);
    }
  });

  test("every kind with places of its own is among the examples of this test", () => {
    const kinds = customKinds.map(([kind]) => kind);
    const own = Object.keys(customResources).flatMap((names) => names.split("|"));
    expect(own.filter((kind) => !kinds.includes(kind))).toEqual([]);
  });

  test.each([
    ["an environment variable", "env: [{name: X, value: quay.io/a/b:1}]"],
    ["an option", "args: [--sidecar=quay.io/a/b:1]"],
    ["a line of configuration", 'data: {x: "a: 1\\nimage: quay.io/a/b:1\\n"}'],
    ["any string", "spec: {anything: {at: [all, 'quay.io/a/b:1']}}"],
  ])("a name with a registry and a tag moves in %s", (_, body) => {
    const text = `apiVersion: x/v1\nkind: Widget\n${body}\n`;
    expect(rewrite("x.yaml", text).text).toBe(text.replace("quay.io/a/b", "cache.test/quay/a/b"));
  });

  test.each([
    ["a description", "spec: {description: 'quay.io/a/b:1'}", ["elsewhere"]],
    ["a sentence", "spec: {x: 'see quay.io/a/b:1'}", ["elsewhere"]],
    ["a comment in a script", 'data: {x: "# old: quay.io/a/b:1\\n"}', ["elsewhere"]],
    ["a status", "status: {x: 'quay.io/a/b:1'}", ["elsewhere"]],
    ["a name without a tag", "spec: {x: 'quay.io/a/b'}", ["ambiguous"]],
    ["a bare name", "env: [{name: RELATED_IMAGE_X, value: nginx}]", ["ambiguous"]],
    ["something else", "env: [{name: IMAGINE, value: 'nginx:1'}]", []],
  ])("%s is left alone", (_, body, why) => {
    const { text, references } = rewrite("x.yaml", `apiVersion: x/v1\nkind: Widget\n${body}\n`);
    expect(text).toContain(body);
    expect(references.map((reference) => reference.why)).toEqual(why);
  });

  test("reports what looks like an image in an unknown kind, and nothing else", () => {
    const text =
      "apiVersion: x/v1\nkind: Widget\nspec: {image: nginx:1, a: {image: nginx}, b: [{image: quay.io/a/b}]}\n";
    const { references } = rewrite("x.yaml", text);
    expect(brief(references)).toEqual([
      "3:15 nginx:1 (ambiguous)",
      "3:35 nginx (ambiguous)",
      "3:55 quay.io/a/b (ambiguous)",
    ]);
    expect(references[0]?.reason).toBe("no path to images of the kind Widget is known here");
  });

  test("is read in every document, and a broken one without images is still a broken file", () => {
    const image = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a/b}]}\n";
    const other = "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n";
    const text = ["", other, image, "", "text\n", other, image].join("---\n");
    expect(brief(rewrite("x.yaml", text).references)).toEqual(["8:29 a/b", "19:29 a/b"]);
    const broken = `${image}---\na: [\n`;
    expect(rewriter.rewrite(broken, { path: "x.yaml" }).problem).toMatchObject({ line: 6 });
  });

  test("is read as JSON, too", () => {
    const text =
      '{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "nginx"}]}}';
    expect(brief(rewrite("pod.json", text).references)).toEqual(["1:72 nginx"]);
  });
});

describe("JSON", () => {
  test("may have comments, and its names escapes", () => {
    const text = '{ // image\n  "containerDefinitions": [ /* x */ {"image": "\\u006eginx:1"}]\n}';
    expect(rewrite("a.json", text).text).toBe(
      `{ // image\n  "containerDefinitions": [ /* x */ {"image": "${HUB}/library/nginx:1"}]\n}`,
    );
  });

  test("that ends too early is reported with line and column", () => {
    const result = rewriter.rewrite('{\n  "image": "a', { path: "a.json" });
    expect(result.problem).toMatchObject({
      reason: "invalid JSON: unexpected end of string",
      line: 2,
      column: 12,
    });
  });
});

describe("Helm values", () => {
  const values = (text: string) => rewrite("values.yaml", text, { "Chart.yaml": "name: a" });

  test.each([
    [
      "a registry of its own",
      "image: {registry: quay.io, repository: a/b}",
      `image: {registry: cache.test, repository: quay/a/b}`,
    ],
    [
      "no registry",
      "image: {repository: a/b, tag: '1'}",
      `image: {repository: ${HUB}/a/b, tag: '1'}`,
    ],
    [
      "an empty registry",
      'image: {registry: "", repository: a/b}',
      `image: {registry: "", repository: ${HUB}/a/b}`,
    ],
    [
      "an official image",
      "image: {registry: docker.io, repository: nginx}",
      "image: {registry: cache.test, repository: docker-hub/library/nginx}",
    ],
    [
      "a registry with a path",
      "image: {registry: quay.io/a, repository: b}",
      "image: {registry: cache.test, repository: quay/a/b}",
    ],
    [
      "a repository with a tag",
      "image: {registry: quay.io, repository: a/b:1}",
      "image: {registry: cache.test, repository: quay/a/b:1}",
    ],
    [
      "a name instead of a repository",
      "image: {name: a/b, tag: 1}",
      `image: {name: ${HUB}/a/b, tag: 1}`,
    ],
    [
      "another key, with a tag",
      "proxy: {repository: a/b, tag: 1}",
      `proxy: {repository: ${HUB}/a/b, tag: 1}`,
    ],
    [
      "a key that ends like it",
      "nodeImage: {repository: a/b}",
      `nodeImage: {repository: ${HUB}/a/b}`,
    ],
  ])("%s", (_, text, expected) => {
    expect(values(text).text).toBe(expected);
    expect(values(expected).text).toBe(expected);
  });

  test("show the image with its tag and digest", () => {
    const digest = `sha256:${"0".repeat(64)}`;
    const text = `image: {registry: quay.io, repository: a/b, tag: v1, digest: "${digest}"}`;
    expect(values(text).references).toMatchObject([
      { image: `quay.io/a/b:v1@${digest}`, cacheUri: `cache.test/quay/a/b:v1@${digest}` },
    ]);
  });

  test.each([
    ["a chart's repository", "chart: {repository: a/b}"],
    ["a URL", "image: {repository: 'https://a.b/c', tag: 1}"],
    ["a map of something else", "image: {pullPolicy: Always}"],
    ["an empty repository", 'image: {repository: "", tag: 1}'],
  ])("are none for %s", (_, text) => {
    expect(values(text)).toMatchObject({ text, references: [] });
  });

  test.each([
    [
      "a registry that is written elsewhere",
      "r: &r quay.io\nimage: {registry: *r, repository: a/b}",
      ["2:35 quay.io/a/b (unwritable)"],
    ],
    [
      "a registry that global.imageRegistry replaces",
      "global: {imageRegistry: r.example}\nimage: {repository: a/b}",
      ["2:21 a/b (ambiguous)"],
    ],
    [
      "a variable registry",
      "image: {registry: '{{ .x }}', repository: a/b}",
      ["1:43 {{ .x }}/a/b (variable)"],
    ],
  ])("stay, and are told, for %s", (_, text, expected) => {
    expect(brief(values(text).references)).toEqual(expected);
    expect(values(text).text).toBe(text);
  });
});

describe("a repository in Helm values that has no registry beside it", () => {
  const image = "image: {repository: a/b, tag: v1}";
  const chart = { "../Chart.yaml": "name: a", "../values.yaml": image };

  test.each([
    ["in a chart's own values", "a/values.yaml", image, { "Chart.yaml": "name: a" }],
    ["where the chart's own values have none either", "ci/values.yaml", image, chart],
    [
      "in the values of a chart of version 1 for a subchart in its folder",
      "values.yaml",
      `sub: {${image}}`,
      {
        "Chart.yaml": "name: a",
        "requirements.yaml": "dependencies: [{name: b, alias: sub, repository: file://../b}]",
        "../b/Chart.yaml": "name: b",
        "../b/values.yaml": image,
      },
    ],
  ])("moves whole %s", (_, path, text, files) => {
    expect(rewrite(path, text, files).text).toBe(text.replace("a/b", `${HUB}/a/b`));
  });

  test("gets the cache's registry beside it where the chart has another one", () => {
    const files = { ...chart, "../values.yaml": "image: {registry: quay.io, repository: a/b}" };
    const moved = "image: {repository: quay/a/b, registry: cache.test, tag: v1}";
    expect(rewrite("ci/values.yaml", image, files).text).toBe(moved);
    expect(rewrite("ci/values.yaml", moved, files).text).toBe(moved);
  });

  test.each([
    ["without a chart", "values.yaml", image, {}],
    [
      "in a Flux resource, whose chart is elsewhere",
      "chart/release.yaml",
      `apiVersion: v2\nkind: HelmRelease\nspec: {values: {${image}}}`,
      { "Chart.yaml": "name: a" },
    ],
    [
      "where the chart around has a registry for all",
      "charts/a/values.yaml",
      image,
      {
        "Chart.yaml": "name: a",
        "../../Chart.yaml": "name: all",
        "../../values.yaml": "global: {imageRegistry: quay.io}",
      },
    ],
    ["beside a registry of several images", "values.yaml", `registry: quay.io\n${image}`, chart],
  ])("stays, and is reported, %s", (_, path, text, files) => {
    const result = rewrite(path, text, files);
    expect(result.text).toBe(text);
    expect(result.references).toMatchObject([{ image: "a/b:v1", why: "ambiguous" }]);
  });
});

describe("Kustomize", () => {
  const kustomize = (text: string, files?: Record<string, string>) =>
    rewrite("kustomization.yaml", text, files);

  test.each([
    [
      "newName takes the cache name",
      "images:\n- name: x\n  newName: quay.io/a/b\n  newTag: v1\n",
      "images:\n- name: x\n  newName: cache.test/quay/a/b\n  newTag: v1\n",
    ],
    [
      "newName is added with the indentation of name",
      "images:\n    -   name: nginx   # web\n        newTag: '1'\n",
      `images:\n    -   name: nginx   # web\n        newName: ${HUB}/library/nginx\n        newTag: '1'\n`,
    ],
    [
      "newName is added to the last line, without a new line at its end",
      "images:\n- newTag: '1'\n  name: nginx",
      `images:\n- newTag: '1'\n  name: nginx\n  newName: ${HUB}/library/nginx`,
    ],
    [
      "newName is added in braces",
      "images: [{name: 'nginx', newTag: '1'}, {\"name\": redis}]\n",
      `images: [{name: 'nginx', newName: ${HUB}/library/nginx, newTag: '1'}, {"name": redis, "newName": "${HUB}/library/redis"}]\n`,
    ],
    [
      "with the line ends of the file",
      "images:\r\n- name: nginx\r\n",
      `images:\r\n- name: nginx\r\n  newName: ${HUB}/library/nginx\r\n`,
    ],
  ])("%s", (_, text, expected) => {
    expect(kustomize(text).text).toBe(expected);
    expect(kustomize(expected).text).toBe(expected);
  });

  const deployment = (image: string) =>
    `apiVersion: apps/v1\nkind: Deployment\nspec: {template: {spec: {containers: [{image: ${image}}]}}}\n`;

  test("has an entry under the cache name too, where a resource will be called so", () => {
    const text =
      "resources: [a.yaml]\nimages:\n- name: nginx\n  newTag: '1'\n- name: redis\n  newTag: '7'\n";
    const expected =
      "resources: [a.yaml]\nimages:\n- name: nginx\n" +
      `  newName: ${HUB}/library/nginx\n  newTag: '1'\n- name: ${HUB}/library/nginx\n  newTag: "1"\n` +
      `- name: redis\n  newName: ${HUB}/library/redis\n  newTag: '7'\n`;
    const before = { "a.yaml": deployment("nginx:0") };
    const after = { "a.yaml": deployment(`${HUB}/library/nginx:0`) };
    expect(kustomize(text, before).text).toBe(expected);
    expect(kustomize(text, after).text).toBe(expected);
    expect(kustomize(expected, after).text).toBe(expected);
  });

  test("finds resources through other kustomizations", () => {
    const files = {
      "../base/kustomization.yml": "resources: [deep]\n",
      "../base/deep/Kustomization": "resources: [d.yaml, 'https://x.y/z']\n",
      "../base/deep/d.yaml": deployment("a/app"),
    };
    const text =
      "bases: [../base]\nimages:\n- name: a/app\n  newName: 111111111111.dkr.ecr.us-east-1.amazonaws.com/app\n";
    expect(kustomize(text, files).text).toBe(
      `${text}- name: ${HUB}/a/app\n  newName: 111111111111.dkr.ecr.us-east-1.amazonaws.com/app\n`,
    );
  });

  test("does not run in circles", () => {
    const text = "resources: [., ., ./]\nimages:\n- name: nginx\n";
    expect(kustomize(text, { "kustomization.yaml": text }).text).toContain("newName");
  });

  const entry = "images:\n- name: nginx\n  newTag: '1'\n";
  const copied = `images:\n- name: nginx\n  newName: ${HUB}/library/nginx\n  newTag: '1'\n- name: ${HUB}/library/nginx\n  newTag: "1"\n`;
  const patch = "spec: {template: {spec: {containers: [{image: nginx}]}}}";

  test.each([
    ["a patch of its own", "patches: [{path: p.yaml}]\n", { "p.yaml": patch }],
    ["a strategic merge patch", "patchesStrategicMerge: [p.yaml]\n", { "p.yaml": patch }],
    [
      "a patch of a component",
      "components: [../c]\n",
      { "../c/kustomization.yaml": "patches: [{path: p.yaml}]\n", "../c/p.yaml": patch },
    ],
  ])("keeps the tag of an image that is only in %s", (_, sources, files) => {
    expect(kustomize(sources + entry, files).text).toBe(sources + copied);
  });

  test.each([
    ["a patch", `patches:\n- patch: |-\n    kind: Deployment\n    ${patch}\n`],
    [
      "a JSON patch",
      "patchesJson6902:\n- patch: |-\n    - op: replace\n      path: /spec/containers/0/image\n      value: nginx\n",
    ],
  ])("moves the image of %s in place, and keeps its tag", (_, patches) => {
    expect(kustomize(patches + entry).text).toBe(
      patches.replace("nginx", `${HUB}/library/nginx`) + copied,
    );
  });

  test("copies entries in braces, in lists of either form", () => {
    const files = { "a.yaml": deployment("nginx") };
    expect(
      kustomize("resources: [a.yaml]\nimages: [{name: nginx, newTag: '1'}]\n", files).text,
    ).toBe(
      `resources: [a.yaml]\nimages: [{ name: ${HUB}/library/nginx, newTag: "1" }, {name: nginx, newName: ${HUB}/library/nginx, newTag: '1'}]\n`,
    );
    expect(
      kustomize("resources: [a.yaml]\nimages:\n  - {name: nginx, newTag: '1'}\n", files).text,
    ).toBe(
      `resources: [a.yaml]\nimages:\n  - { name: ${HUB}/library/nginx, newTag: "1" }\n  - {name: nginx, newName: ${HUB}/library/nginx, newTag: '1'}\n`,
    );
  });

  test("is left alone where an entry that is needed can't be added", () => {
    const text = "resources: [a.yaml]\nimages:\n-\n  name: nginx\n  newTag: '1'\n";
    const result = kustomize(text, { "a.yaml": deployment("nginx") });
    expect(result.text).toBe(text);
    expect(brief(result.references)).toEqual(["4:9 nginx:1 (unwritable)"]);
  });

  test("keeps a placeholder that it replaces, so that `kustomize edit set image` goes on working", () => {
    const files = { "manager.yaml": deployment("controller:latest") };
    const text =
      "resources: [manager.yaml]\nimages:\n- name: controller\n  newName: quay.io/a/operator\n  newTag: v1\n";
    expect(kustomize(text, files).text).toBe(text.replace("quay.io", "cache.test/quay"));
    expect(rewrite("manager.yaml", files["manager.yaml"]).text).toBe(files["manager.yaml"]);
  });

  test("in JSON stays JSON", () => {
    const json = (images: object[]) =>
      JSON.stringify({
        apiVersion: "kustomize.config.k8s.io/v1beta1",
        kind: "Kustomization",
        resources: ["a.yaml"],
        images,
      });
    const text = json([{ name: "nginx", newTag: "1" }]);
    const result = rewrite("k.json", text, { "a.yaml": deployment("nginx") }).text;
    expect(JSON.parse(result)).toMatchObject({
      images: [
        { name: `${HUB}/library/nginx`, newTag: "1" },
        { name: "nginx", newName: `${HUB}/library/nginx`, newTag: "1" },
      ],
    });
  });

  test("keeps a tag that is in newName", () => {
    const result = kustomize("images:\n- name: x.io/x\n  newName: nginx:1.25\n");
    expect(result.text).toBe(`images:\n- name: x.io/x\n  newName: ${HUB}/library/nginx:1.25\n`);
    expect(result.references.at(-1)).toMatchObject({
      image: "nginx:1.25",
      cacheUri: `${HUB}/library/nginx:1.25`,
    });
  });

  test("keeps line ends that are carriage returns", () => {
    expect(kustomize("images:\r- name: nginx\r  newTag: '1'\r").text).toBe(
      `images:\r- name: nginx\r  newName: ${HUB}/library/nginx\r  newTag: '1'\r`,
    );
  });
});

describe("GitLab", () => {
  test("has images in jobs, defaults and at the top, and none in what is not a job", () => {
    const text =
      "image: a/a\nvariables: {image: b/b}\nworkflow: {image: b/b}\ndefault: {image: {name: c/c}}\nj: {image: d/d, services: [e/e, {name: f/f}]}\n.hidden: {image: g/g}\n";
    expect(rewrite(".gitlab-ci.yml", text).references.map(({ image }) => image)).toEqual([
      "a/a",
      "c/c",
      "d/d",
      "e/e",
      "f/f",
      "g/g",
    ]);
  });

  test("is known in a folder for it by what is in it", () => {
    const job = "j:\n  script: [make]\n  image: a/b\n";
    expect(rewrite(".gitlab/ci/build.yml", job).references).toHaveLength(1);
    expect(rewrite("other/build.yml", job).references).toHaveLength(0);
  });
});

describe("CodeBuild", () => {
  test("has images of its own, which no registry is asked for", () => {
    const text = '{"environment": {"image": "aws/codebuild/standard:7.0", "computeType": "X"}}';
    expect(brief(rewrite("project.json", text).references)).toEqual([
      "1:28 aws/codebuild/standard:7.0 (service-image)",
    ]);
  });

  test("has projects in the answer of batch-get-projects", () => {
    const text = '{"projects": [{"environment": {"image": "golang:1.22"}}]}';
    expect(brief(rewrite("answer.json", text).references)).toEqual(["1:42 golang:1.22"]);
  });

  test("a buildspec is known by what is in it, too", () => {
    const text = "version: 0.2\nphases: {build: {commands: [docker pull a/b]}}\n";
    expect(brief(rewrite("build.yml", text).references)).toEqual(["2:41 a/b"]);
  });
});

test("in a file of unknown format only images beyond doubt are reported", () => {
  const text =
    "a: {image: nginx:1}\nb: {image: nginx}\nc: {image: photo.jpg}\nd: {image: 'https://x.y/z:1'}\n";
  expect(brief(rewrite("a.yaml", text).references)).toEqual([
    "1:12 nginx:1 (ambiguous)",
    "2:12 nginx (ambiguous)",
  ]);
});

describe("Terraform's JSON names images where HCL does:", () => {
  test.each([
    [
      "in blocks of container resources, at any depth",
      {
        resource: {
          kubernetes_pod: { p: { spec: [{ container: { image: "«nginx→HUB/library/nginx»" } }] } },
        },
      },
    ],
    [
      "in manifests of kubectl_manifest",
      {
        resource: {
          kubectl_manifest: {
            m: [
              {
                yaml_body:
                  "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: «nginx→HUB/library/nginx»}]}\n",
              },
            ],
          },
        },
      },
    ],
    [
      "in defaults of variables that are called so",
      { variable: { web_image: { default: "«nginx→HUB/library/nginx»:1" } } },
    ],
    [
      "but not in names of blocks inside of an image",
      {
        resource: {
          docker_image: {
            d: { name: "«nginx→HUB/library/nginx»", other: { ulimit: { name: "redis" } } },
          },
        },
      },
    ],
    [
      "but not in the disks of machines",
      { resource: { google_compute_disk: { d: { image: "debian:1" } } } },
    ],
  ])("%s", (_, document) => {
    const [text, expected] = inAndOut(JSON.stringify(document, null, 2));
    expect(rewrite("main.tf.json", text).text).toBe(expected);
  });
});
