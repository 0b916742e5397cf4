import * as fc from "fast-check";
import {
  formatImageReference,
  parseImageReference,
  readImageReference,
} from "../../ecr/image-reference";
import { UserError } from "../../ecr/user-error";

const SHA256 = `sha256:${"0123456789abcdef".repeat(4)}`;

describe("a valid name", () => {
  test.each([
    ["nginx", { domain: "docker.io", path: "library/nginx" }],
    ["nginx:1.25", { domain: "docker.io", path: "library/nginx", tag: "1.25" }],
    [
      `nginx:1.25@${SHA256}`,
      { domain: "docker.io", path: "library/nginx", tag: "1.25", digest: SHA256 },
    ],
    [`nginx@${SHA256}`, { domain: "docker.io", path: "library/nginx", digest: SHA256 }],
    ["bitnami/redis", { domain: "docker.io", path: "bitnami/redis" }],
    ["library/nginx", { domain: "docker.io", path: "library/nginx" }],
    ["docker.io/nginx", { domain: "docker.io", path: "library/nginx" }],
    ["docker.io/library/nginx", { domain: "docker.io", path: "library/nginx" }],
    ["index.docker.io/library/nginx", { domain: "docker.io", path: "library/nginx" }],
    ["index.docker.io/nginx", { domain: "docker.io", path: "library/nginx" }],
    ["registry-1.docker.io/nginx:1", { domain: "docker.io", path: "library/nginx", tag: "1" }],
    ["Docker.io/nginx", { domain: "docker.io", path: "library/nginx" }],
    ["localhost/x", { domain: "localhost", path: "x" }],
    ["localhost:5000/x:1", { domain: "localhost:5000", path: "x", tag: "1" }],
    ["localhost:5000", { domain: "docker.io", path: "library/localhost", tag: "5000" }],
    ["Registry/x", { domain: "Registry", path: "x" }],
    ["QUAY.IO/a/b", { domain: "QUAY.IO", path: "a/b" }],
    ["host:443/x", { domain: "host:443", path: "x" }],
    ["127.0.0.1:5000/a/b", { domain: "127.0.0.1:5000", path: "a/b" }],
    ["[::1]:5000/x", { domain: "[::1]:5000", path: "x" }],
    ["[2001:db8::1]/x", { domain: "[2001:db8::1]", path: "x" }],
    ["xn--n3h.com/x", { domain: "xn--n3h.com", path: "x" }],
    ["a__b/c---d.e_f", { domain: "docker.io", path: "a__b/c---d.e_f" }],
    [
      "public.ecr.aws/docker/library/alpine:3",
      { domain: "public.ecr.aws", path: "docker/library/alpine", tag: "3" },
    ],
    ["nginx:_x.-Y", { domain: "docker.io", path: "library/nginx", tag: "_x.-Y" }],
    [`x/${"a".repeat(64)}`, { domain: "docker.io", path: `x/${"a".repeat(64)}` }],
    ["a".repeat(63), { domain: "docker.io", path: `library/${"a".repeat(63)}` }],
    [
      `quay.io/x@sha512:${"a".repeat(128)}`,
      { domain: "quay.io", path: "x", digest: `sha512:${"a".repeat(128)}` },
    ],
    [`quay.io/${"a".repeat(255)}`, { domain: "quay.io", path: "a".repeat(255) }],
    [`x:${"t".repeat(128)}`, { domain: "docker.io", path: "library/x", tag: "t".repeat(128) }],
  ])("the image name %s is parsed into its parts", (text, expected) => {
    expect(parseImageReference(text)).toEqual(expected);
  });
});

describe("an invalid name is refused with the reason", () => {
  test.each([
    ["", "found nothing; allowed: an image name"],
    [
      "a".repeat(64),
      "found 64 hexadecimal digits; allowed: a name, since Docker takes these for an image's id",
    ],
    [
      "Nginx",
      'found upper-case letters in the repository "library/Nginx"; allowed: lower-case ones',
    ],
    ["quay.io/a/B", 'found upper-case letters in the repository "a/B"; allowed: lower-case ones'],
    ...["a//b", "a/", "-a", "a_-b", "a b", "a/../b", "nginx ", "docker.io/", "a..b/c_", "a:b/"].map(
      (text): [string, string] => [text, "; allowed: "],
    ),
    ["/a", 'found the repository "/a"'],
    ["-host.com/a", 'found the registry "-host.com"'],
    ["host:port/a", 'found the registry "host:port"'],
    ["::1/a", 'found the registry "::1"'],
    ["http://quay.io/a", 'found the registry "http:"'],
    [
      "nginx:",
      'found the tag ""; allowed: 1 to 128 letters, digits, _ . and -, not beginning with . or -',
    ],
    ["nginx:-1", 'found the tag "-1"'],
    ["nginx:1:2", 'found the tag "1:2"'],
    [`nginx:${"t".repeat(129)}`, "found the tag "],
    [`quay.io/${"a".repeat(256)}`, "found a repository of 256 characters; allowed: at most 255"],
    [
      "nginx@sha256:abc",
      'found the digest "sha256:abc"; allowed: sha256: and 64, sha384: and 96, sha512: and 128 lower-case hexadecimal digits',
    ],
    [`nginx@sha256:${"A".repeat(64)}`, "found the digest "],
    [`nginx@md5:${"a".repeat(32)}`, "found the digest "],
    [`nginx@${SHA256}@${SHA256}`, "found the digest "],
    [`nginx@${SHA256}:1`, "found the digest "],
    ["nginx@", 'found the digest ""'],
    ["${BASE}:1", "found the repository"],
  ])("the invalid image name %j is refused with the reason", (text: string, problem: string) => {
    const result = readImageReference(text);
    expect(result.reference).toBeUndefined();
    expect(result.problem).toContain(problem);
  });

  test("the error about an invalid image name names the image", () => {
    expect(() => parseImageReference("nginx:")).toThrow(
      new UserError(
        'image "nginx:": found the tag ""; allowed: 1 to 128 letters, digits, _ . and -, not beginning with . or -',
      ),
    );
  });
});

describe("for every name", () => {
  const alphanumeric = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const pathComponent = fc
    .tuple(
      alphanumeric,
      fc.array(fc.tuple(fc.constantFrom(".", "_", "__", "-", "--"), alphanumeric), {
        maxLength: 2,
      }),
    )
    .map(([first, rest]) => first + rest.flat().join(""));
  const path = fc.array(pathComponent, { minLength: 1, maxLength: 4 }).map((p) => p.join("/"));
  const port = fc.option(fc.nat(65535), { nil: undefined }).map((n) => (n ? `:${n}` : ""));
  const host = fc.oneof(
    fc.domain().filter((name) => !name.endsWith("docker.io")),
    fc.ipV4(),
    fc
      .ipV6()
      .filter((ip) => /^[0-9a-f:]+$/i.test(ip))
      .map((ip) => `[${ip}]`),
    fc.constantFrom("localhost", "Upper", "docker.io"),
  );
  const domain = fc
    .tuple(host, port)
    .map((parts) => parts.join(""))
    .filter((d) => /[.:A-Z]|localhost/.test(d));
  const tag = fc.option(fc.stringMatching(/^\w[\w.-]{0,20}$/), { nil: undefined });
  const digest = fc.option(
    fc.stringMatching(/^[0-9a-f]{64}$/).map((hex) => `sha256:${hex}`),
    { nil: undefined },
  );
  const suffix = fc
    .tuple(tag, digest)
    .map(([t, d]) => `${t === undefined ? "" : `:${t}`}${d === undefined ? "" : `@${d}`}`);

  test("a printed image name parses to the same parts, for every name", () => {
    fc.assert(
      fc.property(domain, path, tag, digest, (d, p, t, h) => {
        const full = p.includes("/") || !d.startsWith("docker.io") ? p : `library/${p}`;
        const reference = {
          domain: d,
          path: full,
          ...(t !== undefined && { tag: t }),
          ...(h !== undefined && { digest: h }),
        };
        expect(parseImageReference(formatImageReference(reference))).toEqual(reference);
      }),
    );
  });

  test("a short image name means the same as its full form", () => {
    fc.assert(
      fc.property(path, suffix, (p, s) => {
        fc.pre(!/^[^/]*\.[^/]*\//.test(p) && !p.startsWith("localhost/"));
        fc.pre(!/^[0-9a-f]{64}$/.test(p + s));
        const short = parseImageReference(p + s);
        expect(short.domain).toBe("docker.io");
        expect(short.path.startsWith("library/")).toBe(
          p.startsWith("library/") || !p.includes("/"),
        );
        expect(parseImageReference(formatImageReference(short))).toEqual(short);
        expect(parseImageReference(`index.docker.io/${p}${s}`)).toEqual(short);
      }),
    );
  });

  test("no string makes the parser of image names throw, and what it accepts it prints and parses again", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(..."aB0.:/@_-[]$ ") })),
        (text) => {
          const { reference } = readImageReference(text);
          if (reference) {
            expect(readImageReference(formatImageReference(reference))).toEqual({ reference });
          }
        },
      ),
    );
  });
});
