import { looksLikeImage, mayBeImage, readImageText, readVariables } from "../../rewrite/image-text";

const DIGEST = `sha256:${"a".repeat(64)}`;

describe("an image name may have variables in its tag and digest, in every syntax:", () => {
  test.each([
    ["nginx", "nginx", ""],
    ["nginx:1.25", "nginx", ":1.25"],
    [`a/b:1@${DIGEST}`, "a/b", `:1@${DIGEST}`],
    ["localhost:5000/a/b", "localhost:5000/a/b", ""],
    ["nginx:$TAG", "nginx", ":$TAG"],
    ["nginx:${TAG}", "nginx", ":${TAG}"],
    ["nginx:1.${MINOR}-alpine", "nginx", ":1.${MINOR}-alpine"],
    ["nginx:${TAG:-1.25/x}", "nginx", ":${TAG:-1.25/x}"],
    ["nginx:${A:-${B:-1}}", "nginx", ":${A:-${B:-1}}"],
    ["node:${{ matrix.node }}-slim", "node", ":${{ matrix.node }}-slim"],
    ["ruby:$[[ inputs.version ]]", "ruby", ":$[[ inputs.version ]]"],
    ["quay.io/a/b:$(VERSION)", "quay.io/a/b", ":$(VERSION)"],
    ['a/b:{{ .Values.tag | default "x" }}', "a/b", ':{{ .Values.tag | default "x" }}'],
    ["a/b:%{ if x }1%{ endif }", "a/b", ":%{ if x }1%{ endif }"],
    ["a/b:<TAG>", "a/b", ":<TAG>"],
    ["nginx@${DIGEST}", "nginx", "@${DIGEST}"],
    ["nginx@sha256:${SUM}", "nginx", "@sha256:${SUM}"],
    [`nginx:\${TAG}@${DIGEST}`, "nginx", `:\${TAG}@${DIGEST}`],
    ["localhost:5000/a:${TAG}", "localhost:5000/a", ":${TAG}"],
  ])("%s", (text, name, version) => {
    expect(readImageText(text)).toEqual({ name, version });
  });
});

test.each([
  ["temporalio/${IMAGE}:${TAG}", "temporalio/", false],
  ["quay.io/acme/a-${X}/b", "quay.io/acme/", true],
  ["docker.io/$OWNER/app", "docker.io/", true],
  ["${REGISTRY}/app", "", true],
  ["-acme/${X}", "", true],
])("what is known of the name %s is %s", (text, prefix, isDeep) => {
  expect(readImageText(text)).toMatchObject({ why: "variable", prefix, isDeep });
});

describe("a variable in an image name decides which image it is:", () => {
  test.each([
    ["${BASE}", "${BASE}"],
    ["$BASE:1", "$BASE"],
    ["${REGISTRY:-docker.io}/nginx:1", "${REGISTRY:-docker.io}"],
    ["localhost:${PORT}/nginx", "${PORT}"],
    ["nginx${SUFFIX}", "${SUFFIX}"],
    ["docker.io/$OWNER/app:1", "$OWNER"],
    ["{{ .Values.image }}", "{{ .Values.image }}"],
    ["<IMAGE1_NAME>", "<IMAGE1_NAME>"],
    ["${{ github.repository }}:${{ github.sha }}", "${{ github.repository }}"],
    ["${unclosed", "${unclosed"],
  ])("%s", (text, variable) => {
    expect(readImageText(text)).toMatchObject({
      why: "variable",
      problem: `the name depends on ${variable}`,
    });
  });
});

test.each(["Nginx", "nginx:", "a b", "https://x.y/z", "nginx:${A} b", "Nginx:${A}"])(
  "%j is no image name",
  (text) => {
    expect(readImageText(text)).toMatchObject({ why: "invalid" });
  },
);

describe("a string that is one variable and nothing else", () => {
  test.each([
    ["$BASE", { variable: "BASE", fallbackStart: 5 }],
    ["${BASE}", { variable: "BASE", fallbackStart: 6 }],
    ["${BASE:-nginx:1}", { variable: "BASE", fallback: "nginx:1", fallbackStart: 8 }],
    ["${BASE-nginx}", { variable: "BASE", fallback: "nginx", fallbackStart: 7 }],
    [
      "${A:-${B-$C}}",
      { variable: "A", fallback: "${B-$C}", fallbackStart: 5 },
      { variable: "B", fallback: "$C", fallbackStart: 9 },
      { variable: "C", fallbackStart: 11 },
    ],
    ["${A:-}", { variable: "A", fallback: "", fallbackStart: 5 }],
    ["${A:+x}"],
    ["${A}/x"],
    ["$A:1"],
    ["${A}${B}"],
    ["${{ a }}"],
    ["nginx"],
    ["${A"],
    ["$"],
  ])("%s", (text, ...expected) => {
    expect(readVariables(text)).toEqual(expected);
  });
});

test.each([
  ["nginx:1", true, true],
  [`nginx@${DIGEST}`, true, true],
  ["quay.io/a/b", true, true],
  ["gcr.io/a/b", true, true],
  ["docker.io/a", true, true],
  ["nginx:${TAG}", true, true],
  ["nginx", false, true],
  ["a/b", false, true],
  ["registry.acme.example/a", false, true],
  ["logo.png", false, false],
  ["img/logo.SVG", false, false],
  ["${IMAGE}", false, true],
  ["Some text", false, false],
  ["https://acme.example/a:1", false, false],
])("%s: an image beyond doubt: %s; possibly one: %s", (text, certain, possible) => {
  expect([looksLikeImage(text), mayBeImage(text)]).toEqual([certain, possible]);
});
