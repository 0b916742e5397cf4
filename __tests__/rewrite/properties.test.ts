import * as fc from "fast-check";
import { DockerfileParser } from "dockerfile-ast";
import { readDockerfile } from "../../rewrite/dockerfile";
import { Rewriter } from "../../rewrite/rewrite";
import { mapper } from "../support/rewritten";

/*
 * Files are generated together with what is to become of them: text that stays, and image names that move.
 */

const rewriter = new Rewriter({ mapper });

/** A stretch of a generated file, before and after. */
interface Stretch {
  readonly before: string;
  readonly after: string;
}

const same = (text: string): Stretch => ({ before: text, after: text });
const moved = (name: string, to: string): Stretch => ({ before: name, after: to });

function joined(stretches: readonly Stretch[]): Stretch {
  return {
    before: stretches.map(({ before }) => before).join(""),
    after: stretches.map(({ after }) => after).join(""),
  };
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,7}$/).filter((text) => !/docker|image/.test(text));
const version = fc.constantFrom(
  "",
  ":1.25",
  ":v2_x.Y-z",
  `@sha256:${"ab".repeat(32)}`,
  `:1@sha256:${"01".repeat(32)}`,
);

const OFFICIAL = ["nginx", "redis", "postgres", "eclipse-temurin", "rocket.chat"];

/** An image name: one that moves to the cache, or one that stays. */
const image: fc.Arbitrary<Stretch> = fc
  .tuple(
    fc.constantFrom<[string, string]>(
      ["", "cache.test/docker-hub/library/"],
      ["docker.io/", "cache.test/docker-hub/library/"],
      ["quay.io/team/", "cache.test/quay/team/"],
      ["public.ecr.aws/", "cache.test/ecr-public/"],
      ["localhost:5000/", "localhost:5000/"],
      ["gcr.io/p/", "gcr.io/p/"],
      ["cache.test/quay/a/", "cache.test/quay/a/"],
    ),
    word,
    version,
  )
  .map(([[host, to], anyName, suffix]) => {
    // A name without a registry is that of an official image.
    const name = host === "" ? OFFICIAL[anyName.length % OFFICIAL.length]! : anyName;
    return moved(`${host}${name}${suffix}`, `${to}${name}${suffix}`);
  });

const newline = fc.constantFrom("\n", "\r\n");
const bom = fc.constantFrom("", "\ufeff");

/** Holds the rewriter to a generated file: what comes out, and that it stays like this. */
function holds(path: string, { before, after }: Stretch): void {
  const first = rewriter.rewrite(before, { path }, true);
  expect(first).toMatchObject({ text: after });
  const second = rewriter.rewrite(after, { path }, true);
  expect(second).toMatchObject({ text: after });
}

describe("for every generated file, all names move, all else stays, and twice is once:", () => {
  const filler = fc.constantFrom(
    "# FROM nginx:1",
    "",
    "RUN echo 'FROM redis' && \\\n  # COPY --from=a\n  true",
    "COPY <<EOF /x\nFROM nginx\nEOF",
    "ENV IMAGE=nginx:1",
    'CMD ["docker", "run", "nginx"]',
    "WORKDIR /ü/😀",
  );
  const dockerfile = fc
    .array(
      fc.oneof(
        filler.map((text) => [same(`${text}\n`)]),
        image.map((name) => [same("FROM --platform=linux/arm64 "), name, same(" AS Base\n")]),
        image.map((name) => [same("from \\\n  "), name, same("\n")]),
        image.map((name) => [
          same("FROM "),
          name,
          same("\nCOPY --chown=1 --from="),
          name,
          same(" /a /b\n"),
        ]),
        image.map((name) => [
          same("FROM scratch\nRUN --mount=type=bind,from="),
          name,
          same(",target=/x ls\n"),
        ]),
      ),
      { minLength: 1, maxLength: 8 },
    )
    .map((lines) => joined(lines.flat()));

  test("Dockerfiles", () => {
    fc.assert(
      fc.property(dockerfile, newline, bom, ({ before, after }, eol, mark) => {
        const form = (text: string) => mark + text.replaceAll("\n", eol);
        holds("Dockerfile", { before: form(before), after: form(after) });
      }),
    );
  });

  const quoted = (value: fc.Arbitrary<Stretch>) =>
    fc
      .tuple(value, fc.constantFrom("", '"', "'"))
      .map(([name, quote]) => joined([same(quote), name, same(quote)]));
  const comment = fc.constantFrom("", "  # image: nginx", " # ünïcödé 😀");

  test("Kubernetes manifests, in blocks and in braces", () => {
    const container = fc
      .tuple(quoted(image), comment, fc.boolean())
      .map(([name, note, flow]) =>
        flow
          ? joined([
              same(`      - {name: a, env: [{name: image, value: "b"}], image: `),
              name,
              same(`, args: []}${note}\n`),
            ])
          : joined([
              same("      - name: a\n        image: "),
              name,
              same(`${note}\n        args: ["image: x"]\n`),
            ]),
      );
    const document = fc
      .array(container, { minLength: 1, maxLength: 3 })
      .map((containers) =>
        joined([
          same(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {annotations: {image: nginx}}\nspec:\n    containers:\n",
          ),
          ...containers,
        ]),
      );
    fc.assert(
      fc.property(
        fc.array(document, { minLength: 1, maxLength: 3 }),
        newline,
        bom,
        (documents, eol, mark) => {
          const { before, after } = joined(documents);
          const form = (text: string) => mark + text.replaceAll("\n", eol);
          holds("pod.yaml", { before: form(before), after: form(after) });
        },
      ),
    );
  });

  test("task definitions, however they are indented", () => {
    const definition = fc.tuple(
      fc.array(image, { minLength: 1, maxLength: 4 }),
      fc.constantFrom(undefined, 2, "\t"),
      fc.string(),
    );
    fc.assert(
      fc.property(definition, newline, bom, ([images, indent, text], eol, mark) => {
        const form = (side: keyof Stretch) =>
          mark +
          JSON.stringify(
            {
              family: text,
              containerDefinitions: images.map((name) => ({
                name: text,
                image: name[side],
                command: ["image", text],
              })),
            },
            null,
            indent,
          ).replaceAll("\n", eol);
        holds("task.json", { before: form("before"), after: form("after") });
      }),
    );
  });

  test("Helm values in one and in several values", () => {
    const entry = fc.oneof(
      image.map((name) => joined([same("  image: "), name, same("\n")])),
      fc
        .tuple(word, word, fc.constantFrom('"', ""))
        .map(([team, name, quote]) =>
          joined([
            same("  image:\n    registry: "),
            moved("quay.io", "cache.test"),
            same(`\n    repository: ${quote}`),
            moved(`${team}/${name}`, `quay/${team}/${name}`),
            same(`${quote}\n    tag: "1.25" # image: nginx\n`),
          ]),
        ),
    );
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), newline, (entries, eol) => {
        const { before, after } = joined(entries.flatMap((one, at) => [same(`part${at}:\n`), one]));
        const form = (text: string) => text.replaceAll("\n", eol);
        holds("values.yaml", { before: form(before), after: form(after) });
      }),
    );
  });

  test("Terraform files", () => {
    const resource = fc
      .tuple(image, fc.boolean())
      .map(([name, inJson]) =>
        inJson
          ? joined([
              same(
                'resource "aws_ecs_task_definition" "t" {\n  container_definitions = jsonencode([{ name = "${var.a}", image = "',
              ),
              name,
              same('" }]) # image = "nginx"\n  family = "a${{ image = "nginx" }["image"]}"\n}\n'),
            ])
          : joined([
              same(
                'resource "kubernetes_pod" "p" {\n  spec {\n    container {\n      args = ["image = \\"nginx\\""]\n      image = "',
              ),
              name,
              same('"\n    }\n  }\n}\n/* image = "nginx" */\nx = <<EOT\nimage = "nginx"\nEOT\n'),
            ]),
      );
    fc.assert(
      fc.property(
        fc.array(resource, { minLength: 1, maxLength: 4 }),
        newline,
        bom,
        (all, eol, mark) => {
          const { before, after } = joined(all);
          const form = (text: string) => mark + text.replaceAll("\n", eol);
          holds("main.tf", { before: form(before), after: form(after) });
        },
      ),
    );
  });
});

test("no text makes the rewriter throw, and a second run changes nothing", () => {
  const characters = "aF:$ \n\t\"'{}[]()<>-#=|&*!%@\\/,.0\ufeff";
  const paths = fc.constantFrom(
    "Dockerfile",
    "compose.yaml",
    "values.yaml",
    "kustomization.yaml",
    "buildspec.yml",
    ".gitlab-ci.yml",
    "a.json",
    "a.tf",
    "a.json.tpl",
    ".github/workflows/a.yml",
  );
  const snippets = fc.constantFrom(
    "FROM nginx AS a",
    "image: nginx",
    '"image": "nginx"',
    'image = "nginx:1"',
    "services:\n  a:\n    image: ",
    "docker run -it nginx",
    "registry: docker.io\nrepository: a/b\n",
    "&a nginx:1",
    "*a",
    "<<: *a",
    "<<EOF\n",
    "${",
    "%{ if",
    "images:\n- name: nginx\n  newTag: 1\n",
    "COPY --from=",
    "containerDefinitions",
    "jsonencode([{",
    "|\n  ",
    ">-\n  ",
  );
  const text = fc
    .array(fc.oneof(snippets, fc.string({ unit: fc.constantFrom(...characters), maxLength: 6 })), {
      maxLength: 12,
    })
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(paths, text, (path, before) => {
      const first = rewriter.rewrite(before, { path }, true);
      if (first.problem) return;
      expect(rewriter.rewrite(first.text, { path }, true)).toMatchObject({ text: first.text });
    }),
    { numRuns: 2_000 },
  );
});

test("a Dockerfile's instructions are split as another parser splits them", () => {
  const line = fc.constantFrom(
    "FROM nginx:1 AS a",
    "FROM --platform=x quay.io/a/b",
    "from redis as R",
    "RUN echo a \\",
    "  # comment",
    "",
    "  && true",
    "RUN cat <<EOF",
    "EOF",
    "COPY <<-A <<B /x",
    "\tA",
    "B",
    "COPY --from=alpine /a /b",
    "RUN --mount=type=bind,from=busybox,target=/x ls",
    "LABEL a=b \\",
    'ENTRYPOINT ["a", \\',
    '"b"]',
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      // What the other parser leaves open at the end of a file is not its business.
      fc.pre(!/\\$/.test(lines.at(-1) ?? ""));
      const text = `FROM first\n${lines.join("\n")}\n`;
      const froms = DockerfileParser.parse(text)
        .getFROMs()
        .map((from) => ({
          image: from.getImage(),
          line: (from.getImageRange()?.start.line ?? -1) + 1,
        }))
        .filter((from) => from.image !== null);
      const ours = readDockerfile(text)
        .filter(({ image: name }) => !["alpine", "busybox"].includes(name))
        .map(({ start, image: name }) => ({
          image: name,
          line: text.slice(0, start).split("\n").length,
        }));
      expect(ours).toEqual(froms);
    }),
  );
});
