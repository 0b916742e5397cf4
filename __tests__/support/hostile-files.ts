/*
 * Files that are made to hang, to crash or to deceive `ecr-cache rewrite`. Each grows with `n`, its length about linearly.
 */

/** A hostile file: its path, and a text of a size. */
export interface HostileFile {
  readonly name: string;
  readonly path: string;
  readonly text: (n: number) => string;
  /** What is beside it. */
  readonly beside?: Readonly<Record<string, (n: number) => string>>;
}

const repeat = (n: number, line: (at: number) => string): string =>
  Array.from({ length: n }, (_, at) => line(at)).join("");

const nested = (n: number, open: string, middle: string, close: string): string =>
  open.repeat(n * 10) + middle + close.repeat(n * 10);

const compose = (image: (n: number) => string) => (n: number) =>
  `services:\n  a:\n    image: ${image(n)}\n`;

const pod = (image: string) =>
  `apiVersion: v1\nkind: Pod\nspec: {containers: [{image: ${image}}]}\n`;

const shell = (script: (n: number) => string) => (n: number) =>
  `version: 0.2\nphases:\n  build:\n    commands:\n      - |\n${script(n).replace(/^/gm, "        ")}\n`;

type Row = readonly [name: string, text: (n: number) => string, beside?: HostileFile["beside"]];

const byPath: Readonly<Record<string, readonly Row[]>> = {
  Dockerfile: [
    [
      "arguments that lead to one default in many ways",
      (n) =>
        `${repeat(n, (at) => `ARG A${n - at}=\${A${n - at - 1}:-$A${n - at - 1}}\n`)}FROM $A${n}\n`,
    ],
    [
      "a chain of arguments",
      (n) => `ARG A0=nginx\n${repeat(n, (at) => `ARG A${at + 1}=$A${at}\n`)}FROM $A${n}\n`,
    ],
    [
      "many stages at the end of a chain",
      (n) =>
        `ARG A0=nginx\n${repeat(n, (at) => `ARG A${at + 1}=$A${at}\n`)}${repeat(n, () => `FROM $A${n}\n`)}`,
    ],
    [
      "an argument that is defined again and again",
      (n) => `ARG A=nginx\n${"ARG A=$A\n".repeat(n)}FROM $A\n`,
    ],
    [
      "arguments in a circle",
      (n) => `${repeat(n, (at) => `ARG A${at}=$A${(at + 1) % n}\n`)}FROM $A0\n`,
    ],
    ["defaults in defaults", (n) => `FROM ${nested(n, "${A:-", "nginx", "}")}\n`],
    ["defaults in defaults that are not closed", (n) => `FROM ${"${A:-".repeat(n)}\n`],
    ["defaults with versions", (n) => `FROM ${nested(n, "${A:-", "nginx", "}:1")}\n`],
    ["a directive with much space", (n) => `# syntax=a${" ".repeat(n)}b\nFROM nginx\n`],
    ["a directive that is repeated", (n) => `${"# escape=`\n".repeat(n)}FROM nginx\n`],
    ["a line that goes on and on", (n) => `RUN true ${"\\\n".repeat(n)}\nFROM nginx\n`],
    ["an instruction full of comments", (n) => `RUN true \\\n${"# c\n".repeat(n)}x\nFROM nginx\n`],
    ["many heredocs", (n) => `RUN ${repeat(n, (at) => `<<A${at} `)}\nFROM nginx\n`],
    [
      "heredocs that are closed",
      (n) => repeat(n, (at) => `RUN <<E${at}\nFROM x\nE${at}\n`) + "FROM nginx\n",
    ],
    [
      "a mount with many options",
      (n) => `FROM nginx\nRUN --mount=${"a=b,".repeat(n)}from=redis true\n`,
    ],
    ["flags without end", (n) => `FROM ${"--x ".repeat(n)}nginx\n`],
    ["a quote that is not closed", (n) => `FROM "${"a ".repeat(n)}\n`],
    [
      "stages that copy from each other",
      (n) => repeat(n, (at) => `FROM nginx AS s${at}\nCOPY --from=s${n - at} / /\n`),
    ],
    ["ONBUILD of ONBUILD", (n) => `FROM nginx\n${"ONBUILD ".repeat(n)}FROM redis\n`],
    ["dollar signs", (n) => `FROM nginx:${"$a".repeat(n)}\n`],
    ["dashes", (n) => `FROM a${"-".repeat(n)}!\n`],
    ["a long host", (n) => `FROM ${"a.".repeat(n)}b/c:1\n`],
    ["carriage returns", (n) => `FROM nginx${"\r".repeat(n)}\nFROM redis\r`],
  ],
  "compose.yaml": [
    ["many images", (n) => `services:\n${repeat(n, (at) => `  s${at}: {image: nginx}\n`)}`],
    [
      "many images in one line",
      (n) => `{services: {${repeat(n, (at) => `s${at}: {image: nginx}, `)}}}`,
    ],
    ["an image key that is repeated", (n) => `services:\n  a:\n${"    image: nginx\n".repeat(n)}`],
    [
      "services that are merged in a chain",
      (n) =>
        `${repeat(Math.min(n, 500), (at) => `x-${at}: &x${at} {k${at}: 1${at ? `, <<: *x${at - 1}` : ", image: nginx"}}\n`)}services: {a: {<<: *x${Math.min(n, 500) - 1}}}\n`,
    ],
    [
      "many services of one anchor",
      (n) => `x-a: &a {image: nginx}\nservices:\n${repeat(n, (at) => `  s${at}: *a\n`)}`,
    ],
    [
      "aliases of aliases",
      () =>
        `a0: &a0 [x, x]\n${repeat(40, (at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]\n`)}services: {a: {image: nginx}}\n`,
    ],
    ["an anchor that contains itself", () => "services: &a {a: {image: nginx}, b: *a}\n"],
    ["dollar signs", compose((n) => "$a".repeat(n))],
    ["defaults in defaults", compose((n) => nested(n, "${A:-", "nginx", "}"))],
    ["defaults that are not closed", compose((n) => '"' + "${A:-".repeat(n) + '"')],
    ["braces", compose((n) => '"' + "{{".repeat(n) + '"')],
    ["angle brackets", compose((n) => '"' + "<".repeat(n) + '"')],
    ["brackets after dollar signs", compose((n) => '"' + "$[$($[".repeat(n) + '"')],
    ["escapes", compose((n) => `"${"\\u0061".repeat(n)}"`)],
    ["escapes that are no characters", compose(() => '"\\UFFFFFFFF"')],
    ["single quotes", compose((n) => `'${"''".repeat(n)}'`)],
    ["a folded name", compose((n) => `>\n${"      a\n".repeat(n)}`)],
    [
      "build arguments of one Dockerfile",
      (n) =>
        `services:\n${repeat(n, (at) => `  s${at}: {build: {context: ${"./".repeat(at % 7)}, args: {A: nginx}}}\n`)}`,
      { Dockerfile: (n) => `ARG A=nginx\nFROM $A\n${"RUN true\n".repeat(n)}` },
    ],
    [
      "a Dockerfile in place",
      (n) =>
        `services:\n  a:\n    build:\n      dockerfile_inline: |\n${"        FROM nginx\n".repeat(n)}`,
    ],
    ["maps in maps", (n) => `services: ${nested(n, "{a: ", "nginx", "}")}\n`],
    ["lists in lists", (n) => `services: ${nested(n, "[", "nginx", "]")}\nimage: x\n`],
    ["lists in lines", (n) => `services: {a: {image: nginx}}\nx:\n  ${"- ".repeat(n)}a\n`],
    ["explicit keys", (n) => `services: {a: {image: nginx}}\nx:\n  ${"? ".repeat(n)}a\n`],
    ["brackets that are not closed", (n) => `image: ${"[".repeat(n)}\n`],
    ["tags", (n) => `services: {a: {image: !${"x".repeat(n)} nginx}}\n`],
    ["anchors", (n) => `services:\n${repeat(n, (at) => `  s${at}: &a${at} {image: nginx}\n`)}`],
    ["names that a terminal would act on", compose(() => '"a\\e[2J\\r::error::x\\u202e"')],
  ],
  "all.yaml": [
    ["empty documents", (n) => pod("nginx") + "---\n".repeat(n)],
    ["documents and empty documents", (n) => `${pod("nginx")}---\n---\n`.repeat(n / 10)],
    ["many documents", (n) => repeat(n / 10, () => `---\n${pod("nginx")}`)],
    [
      "a list of resources",
      (n) =>
        `apiVersion: v1\nkind: List\nitems:\n${repeat(n / 10, () => "- {apiVersion: v1, kind: Pod, spec: {containers: [{image: nginx}]}}\n")}`,
    ],
    [
      "many keys that are called image",
      (n) => `${repeat(n, (at) => `k${at}: {image: nginx}\n`)}apiVersion: x/v1\nkind: X\n`,
    ],
    [
      "many images of an unknown kind",
      (n) => `apiVersion: x/v1\n${repeat(n, (at) => `k${at}: {image: a/b:1}\n`)}kind: X\n`,
    ],
    ["one long string", (n) => `${pod("nginx")}# image\nx: "${"a b ".repeat(n)}"\n`],
    ["a plain scalar over many lines", (n) => `${pod("nginx")}x: a\n${"  b\n".repeat(n)}`],
    ["a block of spaces", (n) => `${pod("nginx")}x: |\n${"   \n".repeat(n)}`],
    ["spaces at the ends of lines", (n) => `${pod("nginx")}x: a${" ".repeat(n)}#\n`],
    ["comments", (n) => `${"# image\n".repeat(n)}${pod("nginx")}`],
    ["directives", (n) => `${"%X a\n".repeat(n)}---\n${pod("nginx")}`],
    [
      "containers in containers",
      (n) =>
        `apiVersion: v1\nkind: Pod\nspec: ${nested(n, "{containers: [", "{image: nginx}", "]}")}\n`,
    ],
    ["invalid at the very end", (n) => `${pod("nginx")}${"a: b\n".repeat(n)}]`],
    ["NUL and other controls", () => `${pod("nginx")}x: "a\u0001b\u007f"\n`],
  ],
  "values.yaml": [
    [
      "many maps of images",
      (n) => repeat(n, (at) => `k${at}: {image: {registry: docker.io, repository: a/b, tag: x}}\n`),
    ],
    [
      "many maps below global",
      (n) =>
        `${repeat(n, (at) => `k${at}: {repository: a/b, tag: x}\n`)}global: {imageRegistry: x.io}\n`,
    ],
    ["keys that end with Image", (n) => repeat(n, (at) => `${"a".repeat(at % 50)}Image: a/b:1\n`)],
    ["a quoted string that goes on in the first column", (n) => `image: "a\n${"b\n".repeat(n)}"\n`],
    ["keys that repeat", (n) => `image:\n${"  repository: nginx\n  tag: x\n".repeat(n)}`],
    ["a deep map", (n) => nested(n, "{image: ", "nginx", "}")],
    ["a template", (n) => "image: {{ x }}\n".repeat(n)],
  ],
  "kustomization.yaml": [
    [
      "a folder that is its own resource",
      (n) => `resources: [${".,".repeat(n)} ./., ././.]\nimages: [{name: nginx}]\n`,
    ],
    [
      "resources that don't exist",
      (n) => `resources:\n${repeat(n / 10, (at) => `- r${at}.yaml\n`)}images:\n- name: nginx\n`,
    ],
    [
      "many entries",
      (n) => `resources: [r.yaml]\nimages:\n${repeat(n, (at) => `- name: nginx${at}\n`)}`,
      { "r.yaml": (n) => repeat(n, (at) => `image: nginx${at}\n`) },
    ],
    ["entries in one line", (n) => `images: [${repeat(n, (at) => `{name: nginx${at}}, `)}]\n`],
    ["carriage returns", (n) => `images:\r${repeat(n, (at) => `- name: nginx${at}\r`)}`],
    [
      "a resource of regular expressions",
      () => "resources: [r.yaml]\nimages:\n- name: nginx\n",
      { "r.yaml": (n) => "image: ".repeat(n) },
    ],
    [
      "kustomizations in a circle",
      () => "resources: [a]\nimages: [{name: nginx}]\n",
      {
        "a/kustomization.yaml": () => "resources: [../b]\n",
        "b/kustomization.yaml": () => "resources: [../a, ..]\n",
      },
    ],
  ],
  "buildspec.yml": [
    ["a run list", shell((n) => "docker run nginx\n".repeat(n))],
    ["a run list in one line", shell((n) => "docker run nginx; ".repeat(n))],
    ["command substitutions", shell((n) => `docker run ${nested(n, "$(", "x", ")")}`)],
    ["command substitutions that are not closed", shell((n) => `docker run ${"$(".repeat(n)}`)],
    ["quotes", shell((n) => `docker run ${`"a"'b'`.repeat(n)}`)],
    ["backslashes", shell((n) => `docker run ${"\\".repeat(n)}`)],
    ["options", shell((n) => `docker run ${"-e A ".repeat(n)}nginx`)],
    ["words before the command", shell((n) => `${"sudo ".repeat(n)}docker run nginx`)],
    [
      "tags and pushes",
      shell((n) => repeat(n, (at) => `docker tag nginx x${at}\ndocker push x${at}\n`)),
    ],
  ],
  "task.json": [
    [
      "many containers",
      (n) =>
        `{"containerDefinitions": [${repeat(n, () => '{"image": "nginx"},')}{"image": "nginx"}]}`,
    ],
    ["escapes", (n) => `{"containerDefinitions": [{"image": "${"\\u0061".repeat(n)}"}]}`],
    ["maps in maps", (n) => nested(n, '{"image":', '"nginx"', "}")],
    ["lists in lists", (n) => `{"image": ${nested(n, "[", "1", "]")}}`],
    ["a bracket that is not closed", (n) => `{"image": ${"[1,".repeat(n)}`],
    ["nothing but errors", (n) => `"image" ${"}]:,".repeat(n)}`],
    ["comments", (n) => `{${"/* image */".repeat(n)}"containerDefinitions": [{"image": "nginx"}]}`],
  ],
  "task.json.tpl": [
    ["templates in templates", (n) => `{"image": "${nested(n, "${", "a", "}")}"}`],
    ["templates that are not closed", (n) => `{"image": "${"${".repeat(n)}"}`],
    [
      "many templates",
      (n) => `{"containerDefinitions": [{"image": "nginx", "x": [${"${a},".repeat(n)}1]}]}`,
    ],
  ],
  "main.tf": [
    ["templates in templates", (n) => `x = ${nested(n, '"${', "image", '}"')}\n`],
    ["blocks in blocks", (n) => nested(n, "image {\n", "", "}\n")],
    ["lists in lists", (n) => `image = ${nested(n, "[", "1", "]")}\n`],
    ["calls in calls", (n) => `image = ${nested(n, "f(", "1", ")")}\n`],
    ["a comment that is not closed", (n) => `image = 1\n${"/* ".repeat(n)}`],
    ["a heredoc that is not closed", (n) => `image = <<EOT\n${" EO\n".repeat(n)}`],
    ["many heredocs", (n) => repeat(n, () => "image = <<A\n A\n")],
    ["less-than signs", (n) => `image = ${"<".repeat(n)}`],
    [
      "escapes that are no characters",
      (n) => `resource "docker_image" "x" {\n  name = "${"\\UFFFFFFFF".repeat(n)}"\n}\n`,
    ],
    ["a long expression", (n) => `image = ${"a + ".repeat(n)}a\n`],
    [
      "many container definitions",
      (n) =>
        repeat(
          n / 10,
          () =>
            `resource "aws_ecs_task_definition" "t" {\n  container_definitions = jsonencode([{ image = "nginx" }])\n}\n`,
        ),
    ],
  ],
  "main.tf.json": [
    [
      "lists of lists",
      (n) => `{"resource": {"docker_image": ${nested(n, "[", '{"a": {"name": "nginx"}}', "]")}}}`,
    ],
    [
      "many resources",
      (n) =>
        `{"resource": {"docker_image": {${repeat(n, (at) => `"r${at}": {"name": "nginx"},`)}"x": {}}}}`,
    ],
    [
      "expressions",
      (n) =>
        `{"resource": {"aws_ecs_task_definition": {"x": {"container_definitions": "\${${"[".repeat(n)}}"}}}}`,
    ],
  ],
};

export const hostileFiles: readonly HostileFile[] = Object.entries(byPath).flatMap(([path, rows]) =>
  rows.map(([name, text, beside]) => ({ name, path, text, ...(beside && { beside }) })),
);
