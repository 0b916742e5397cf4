import { PassThrough, Readable } from "node:stream";
import { main } from "../../../cli/main";

const PROD = "333333333333.dkr.ecr.us-east-1.amazonaws.com";

const pod = (name: string, image: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name} }\nspec:\n  containers:\n    - name: app # kept\n      image: ${image}\n`;

/** Runs `rewrite --stdin` with a stream as standard input. */
function start(stdin: Readable, ...argv: string[]) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written) => ({
    write: (text: string) => {
      written[name] += text;
    },
  });
  const ended = main(["rewrite", "--stdin", "--env", "prod", ...argv], {
    stdout: sink("stdout"),
    stderr: sink("stderr"),
    stdin,
    exitCode: 0,
  });
  return { written, ended };
}

test("`rewrite --stdin` renames the images of manifests, and keeps everything else byte for byte", async () => {
  const odd = "# ::error::a comment\u0007\napiVersion: v1\nkind: ConfigMap\n";
  const text = [pod("a", "nginx:1.27"), pod("b", "example.com/own:1"), odd].join("---\n");
  const { written, ended } = start(Readable.from([text]));
  expect(await ended).toBe(0);
  expect(written.stdout).toBe(text.replace("nginx:1.27", `${PROD}/docker-hub/library/nginx:1.27`));
  expect(written.stderr).toBe("1 image rewritten.\n");
});

test("`rewrite --stdin` passes a document on when the next one begins, wherever the stream is cut", async () => {
  const stdin = new PassThrough();
  const { written, ended } = start(stdin);
  const first = pod("a", "quay.io/org/app:1");
  stdin.write(`---\n${first}-`);
  stdin.write("-");
  stdin.write("-\n");
  while (written.stdout === "") await new Promise((resolve) => setImmediate(resolve));
  expect(written.stdout).toBe(`---\n${first.replace("quay.io", `${PROD}/quay`)}`);
  stdin.end(pod("b", "quay.io/org/app:2"));
  expect(await ended).toBe(0);
  expect(written.stdout.split("---\n")).toHaveLength(3);
});

test("`rewrite --stdin` ends with exit code 2 at what is not YAML", async () => {
  const { written, ended } = start(Readable.from(["kind: Pod\nimage: 'a\n"]));
  expect(await ended).toBe(2);
  expect(written.stderr).toMatch(/^ecr-cache: standard input: invalid YAML: /);
  expect(written.stdout).toBe("");
});

test("`rewrite` takes files or --stdin, and not both", async () => {
  const { written, ended } = start(Readable.from([]), "Dockerfile");
  expect(await ended).toBe(2);
  expect(written.stderr).toBe(
    "ecr-cache: rewrite needs files and folders, or --stdin, and not both\n",
  );
});
