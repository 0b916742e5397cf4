import { readDockerfile } from "../../rewrite/dockerfile";
import { brief, rewriteWith } from "../support/rewritten";

const rewrite = (text: string) => rewriteWith(readDockerfile, text);

/** A Dockerfile with `→` between what stands and what is to stand there, as two. */
function inAndOut(marked: string): [string, string] {
  return [
    marked.replace(/«(.*?)→(.*?)»/gs, "$1"),
    marked.replace(/«(.*?)→(.*?)»/gs, "$2").replaceAll("HUB", "cache.test/docker-hub"),
  ];
}

describe("a Dockerfile is rewritten where a build pulls from:", () => {
  test.each([
    ["FROM", "FROM «nginx→HUB/library/nginx»\n"],
    ["FROM without a newline", "FROM «nginx→HUB/library/nginx»"],
    ["a tag", "FROM «nginx→HUB/library/nginx»:1.25\n"],
    ["lower-case keywords", "from «nginx→HUB/library/nginx» as web\n"],
    ["space around", "\n  FROM \t«nginx→HUB/library/nginx»:1  \n"],
    ["a platform", "FROM --platform=$BUILDPLATFORM «golang→HUB/library/golang»:1.22 AS build\n"],
    ["a stage named like its image", "FROM «nginx→HUB/library/nginx» AS nginx\n"],
    ["variables in the tag", "ARG V=1\nFROM «node→HUB/library/node»:${V}-alpine$X\n"],
    ["a variable for the digest", "FROM «node→HUB/library/node»@${DIGEST}\n"],
    ["quotes", 'FROM "«node→HUB/library/node»:20"\n'],
    ["quotes around the tag", 'FROM «alpine→HUB/library/alpine»:"${TAG}"\n'],
    ["quotes around the name", "FROM '«alpine→HUB/library/alpine»':3 AS x\n"],
    ["a variable behind a namespace", "FROM «temporalio/→HUB/temporalio/»${IMAGE}:${TAG}\n"],
    ["CRLF", "FROM «a/b→HUB/a/b»\r\nRUN x\r\nFROM «c/d→HUB/c/d»:1\r\n"],
    ["a byte order mark", "\ufeffFROM «a/b→HUB/a/b»\n"],
    ["a byte order mark and a directive", "\ufeff# syntax=«a/b→HUB/a/b»:1\nFROM scratch\n"],
    ["the frontend", "# syntax=«docker/dockerfile→HUB/docker/dockerfile»:1\nFROM scratch\n"],
    [
      "the frontend, after another directive",
      "# escape=\\\n#  Syntax = «docker/dockerfile→HUB/docker/dockerfile»:1.7-labs \nFROM scratch\n",
    ],
    [
      "continued lines",
      "FROM \\\n  --platform=linux/amd64 \\\n  «nginx→HUB/library/nginx»:1 \\\n  AS x\n",
    ],
    ["comments and empty lines in between", "FROM \\\n# a\n\n  # b\n  «nginx→HUB/library/nginx»\n"],
    ["a name over two lines", "FROM «ngi\\\nnx:1→HUB/library/nginx:1» AS x\n"],
    [
      "another escape",
      "# escape=`\nFROM `\n «nginx→HUB/library/nginx»\nRUN dir C:\\\nFROM «a/b→HUB/a/b»\n",
    ],
    ["COPY --from", "FROM scratch\nCOPY --chown=1 --from=«nginx→HUB/library/nginx»:1.25 /a /b\n"],
    [
      "RUN --mount",
      "FROM scratch\nRUN --mount=type=cache,target=/c --mount=type=bind,from=«alpine→HUB/library/alpine»,target=/a \\\n  --mount=from=«busybox→HUB/library/busybox»:1,target=/b ls\n",
    ],
    [
      "a quoted mount",
      'FROM scratch\nRUN --mount="type=bind,from=«alpine→HUB/library/alpine»,target=/a" ls\n',
    ],
    ["ONBUILD COPY", "FROM scratch\nONBUILD COPY --from=«redis→HUB/library/redis»:7 /a /b\n"],
    ["ONBUILD RUN", "FROM scratch\nonbuild run --mount=from=«a/b→HUB/a/b»,target=/x ls\n"],
    ["a global argument", "ARG BASE=«nginx→HUB/library/nginx»:1.25\nFROM ${BASE}\n"],
    ["a global argument without braces", "ARG BASE=«nginx→HUB/library/nginx»\nFROM $BASE AS x\n"],
    ["a quoted argument", 'ARG BASE="«nginx→HUB/library/nginx»:1"\nFROM ${BASE}\n'],
    ["one of several arguments", "ARG A=1 BASE=«nginx→HUB/library/nginx» C='x y'\nFROM $BASE\n"],
    [
      "an argument without its tag",
      "ARG BASE=«node→HUB/library/node»\nARG V=20\nFROM ${BASE}:${V}\n",
    ],
    [
      "an argument of an argument",
      "ARG A=«nginx→HUB/library/nginx»:1\nARG BASE=${A}\nFROM ${BASE}\n",
    ],
    ["the last of two defaults", "ARG BASE=quay.io/a/b\nARG BASE=«c/d→HUB/c/d»\nFROM $BASE\n"],
    ["a default that is declared again", "ARG BASE=«c/d→HUB/c/d»\nARG BASE\nFROM $BASE\n"],
    ["a default in place", "FROM ${BASE:-«nginx→HUB/library/nginx»:1}\nFROM ${B-«a/b→HUB/a/b»}\n"],
    [
      "a default in place and of the argument",
      "ARG BASE=«nginx→HUB/library/nginx»:1\nFROM ${BASE:-«a/b→HUB/a/b»}\n",
    ],
    ["an argument used by two stages", "ARG B=«a/b→HUB/a/b»\nFROM $B AS x\nFROM $B AS y\n"],
    ["a stage's name before the stage", "FROM «node→HUB/library/node»\nFROM scratch AS node\n"],
    ["after a heredoc", "FROM scratch\nRUN <<EOF\nFROM x\nEOF\nFROM «a/b→HUB/a/b»\n"],
    [
      "after a heredoc with tabs",
      "FROM scratch\nRUN cat <<-'E' >x\n\tFROM x\n\tE\nFROM «a/b→HUB/a/b»\n",
    ],
    [
      "after two heredocs",
      'FROM scratch\nCOPY <<"A" <<B /x\nB\nFROM x\nA\nFROM y\nB\nFROM «a/b→HUB/a/b»\n',
    ],
    [
      "after what looks like a heredoc",
      'FROM scratch\nRUN echo "<<EOF" $((1<<E))\nFROM «a/b→HUB/a/b»\n',
    ],
  ])("%s", (_, marked) => {
    const [text, expected] = inAndOut(marked);
    expect(rewrite(text).text).toBe(expected);
    expect(rewrite(expected).text).toBe(expected);
  });
});

describe("a Dockerfile has no image:", () => {
  test.each([
    ["an empty file", ""],
    ["only comments", "# FROM nginx\n"],
    ["scratch", "FROM scratch\nCOPY --from=scratch /a /b\n"],
    ["a stage", "FROM scratch AS Build\nFROM build\nFROM BUILD AS x\nCOPY --from=bUiLd /a /b\n"],
    ["a stage's number", "FROM scratch\nCOPY --from=0 /a /b\nRUN --mount=from=12,target=/x ls\n"],
    ["a mounted stage", "FROM scratch AS build\nRUN --mount=type=bind,from=build,target=/x ls\n"],
    [
      "a stage copied from before its FROM",
      "FROM scratch\nCOPY --from=late a b\nFROM scratch AS late\n",
    ],
    ["a heredoc", "FROM scratch\nCOPY <<EOF /Dockerfile\nFROM nginx\nCOPY --from=redis a b\nEOF\n"],
    ["an unended heredoc", "FROM scratch\nRUN <<EOF\nFROM nginx\n"],
    ["a continued command", "FROM scratch\nRUN echo \\\n  FROM nginx \\\n\n# x\n FROM redis\n"],
    ["a flag after the first word", "FROM scratch\nRUN ls --mount=from=nginx,target=/x\n"],
    ["an argument of a stage", "FROM scratch AS x\nARG BASE=nginx\n"],
    ["an argument that no FROM uses", "ARG BASE=nginx\nFROM scratch\n"],
    ["a directive after a comment", "# comment\n# syntax=docker/dockerfile:1\nFROM scratch\n"],
    ["a directive after an instruction", "FROM scratch\n# syntax=docker/dockerfile:1\n"],
    ["ADD", "FROM scratch\nADD --from=nginx a b\n"],
    [
      "incomplete instructions",
      "FROM\nFROM --platform=x\nCOPY --from=\nONBUILD\nARG\nRUN --mount=\n\\\n",
    ],
  ])("%s", (_, text) => {
    expect(rewrite(text)).toMatchObject({ text, references: [] });
  });
});

describe("an image of a Dockerfile is reported and left alone:", () => {
  test.each([
    ["a variable in the name", "FROM ${REGISTRY}/nginx:1", ["1:6 ${REGISTRY}/nginx:1 (variable)"]],
    ["a variable at the name's end", "FROM nginx$X", ["1:6 nginx$X (variable)"]],
    ["a variable port", "FROM localhost:${PORT}/x", ["1:6 localhost:${PORT}/x (variable)"]],
    ["an argument without a default", "ARG BASE\nFROM ${BASE}\n", ["2:6 ${BASE} (variable)"]],
    ["an argument with an empty default", "ARG B=\nFROM $B\n", ["2:6 $B (variable)"]],
    ["an unknown argument", "FROM $BASE", ["1:6 $BASE (variable)"]],
    ["an argument of a stage", "FROM scratch\nARG B=nginx\nFROM $B", ["3:6 $B (variable)"]],
    ["arguments of each other", "ARG A=$B\nARG B=$A\nFROM $A", ["1:7 $B (variable)"]],
    [
      "an argument whose default has a variable in the name",
      "ARG R=docker.io\nARG B=$R/nginx\nFROM $B",
      ["2:7 $R/nginx (variable)"],
    ],
    ["another expansion", "FROM ${A:+nginx}", ["1:6 ${A:+nginx} (variable)"]],
    ["a variable to copy from", "FROM scratch\nCOPY --from=$X a b", ["2:13 $X (variable)"]],
    ["no image name", "FROM Nginx", ["1:6 Nginx (invalid)"]],
    ["what no rule covers", "FROM gcr.io/a/b:1", ["1:6 gcr.io/a/b:1 (uncacheable-registry)"]],
    ["a private registry", "FROM localhost:5000/a", ["1:6 localhost:5000/a (private-registry)"]],
    ["a cache name", "FROM cache.test/quay/a/b", ["1:6 cache.test/quay/a/b (already-cached)"]],
    [
      "what may be a stage of another build",
      "FROM scratch\nONBUILD COPY --from=build /a /b",
      ["2:21 build (ambiguous)"],
    ],
  ])("%s", (_, text, expected) => {
    const result = rewrite(text);
    expect(brief(result.references)).toEqual(expected);
    expect(result.text).toBe(text);
  });

  test("with its reason", () => {
    expect(rewrite("ARG B\nFROM $B\nFROM ${R}/x").references.map(({ reason }) => reason)).toEqual([
      "ARG B has no default before the first FROM",
      "the name depends on ${R}",
    ]);
  });
});

test("the lines and columns of images are counted from 1, without a byte order mark", () => {
  const text = "\ufeffFROM a/b\r\n# ü😀\r\nFROM \\\n  c/d\n";
  expect(brief(rewrite(text).references)).toEqual(["1:6 a/b", "4:3 c/d"]);
});
