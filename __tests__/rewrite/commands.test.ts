import { CommandReader } from "../../rewrite/commands";
import { Excerpt } from "../../rewrite/excerpt";
import { brief, rewriteWith } from "../support/rewritten";

function readCommands(text: string) {
  const reader = new CommandReader();
  reader.read(Excerpt.of([{ start: 0, text }]));
  return reader.sites().sort((a, b) => a.start - b.start);
}

const rewrite = (text: string) => rewriteWith(readCommands, text);

/** What is named, as `before` and `after` of the marked stretches. */
function inAndOut(marked: string): [string, string] {
  return [
    marked.replace(/«(.*?)→(.*?)»/gs, "$1"),
    marked.replace(/«(.*?)→(.*?)»/gs, "$2").replaceAll("HUB", "cache.test/docker-hub"),
  ];
}

const NGINX = "«nginx→HUB/library/nginx»";

describe("a shell command names images in", () => {
  test.each([
    `docker pull ${NGINX}:1`,
    `docker image pull -q --platform linux/amd64 ${NGINX}:1`,
    `docker run ${NGINX} sh -c "docker pull redis"`,
    `docker run --rm -it -v "$PWD:/src" -w /src -p8080:80 -e A=b --env-file=.env ${NGINX}:1 redis`,
    `docker run -itd --name web --network host --init --read-only ${NGINX}:1`,
    `docker run -dp 80:80 ${NGINX}:1`,
    `docker container run --gpus all ${NGINX}:1`,
    `docker create -- ${NGINX}:1`,
    `docker --context remote -D run ${NGINX}:1`,
    `podman run ${NGINX}:1`,
    `nerdctl pull ${NGINX}:1`,
    `/usr/bin/docker pull ${NGINX}:1`,
    `sudo docker pull ${NGINX}:1`,
    `sudo -E -u root docker pull ${NGINX}:1`,
    `timeout -k 5 60 docker pull ${NGINX}:1`,
    `cat list | xargs -n1 docker run ${NGINX}:1`,
    `buildah from ${NGINX}:1`,
    `skopeo copy docker://${NGINX}:1 docker://registry.acme.example/nginx:1`,
    `crane digest ${NGINX}:1`,
    `kubectl -n web run tmp --rm -it --image=${NGINX}:1 -- sh`,
    `kubectl debug pod/x --image ${NGINX}:1`,
    `kubectl create deployment web --image=${NGINX}:1`,
    `kubectl set image deployment/web web=${NGINX}:1 side="${NGINX}:2"`,
    `DOCKER_BUILDKIT=1 A="b c" docker pull ${NGINX}:1`,
    `if docker pull ${NGINX}:1; then docker run ${NGINX}:1; fi`,
    `true && docker pull ${NGINX}:1 || (docker pull "${NGINX}:2") | tee log`,
    `docker pull ${NGINX}:1 > /dev/null 2>&1`,
    `docker pull \\\n  --quiet \\\r\n  ${NGINX}:1\ndocker pull '${NGINX}:2'\n`,
    `# docker pull nginx\ndocker pull ${NGINX}:1 # docker pull nginx`,
    `docker pull ${NGINX}:$TAG`,
    `docker pull ${NGINX}:\${TAG:-1}`,
    `docker run \${IMAGE:-${NGINX}:1}`,
    `docker build --build-arg BASE_IMAGE=${NGINX}:1 --build-arg=NODE_IMAGE=${NGINX}:2 .`,
    `docker build --build-arg BASE="${NGINX}:1" --build-arg 'FROM=${NGINX}:2' -t x .`,
    `docker buildx build --build-arg baseImage=${NGINX}:1 --tag=x .`,
    `docker pull ${NGINX}:1\ndocker tag ${NGINX}:1 mine:1\ndocker save ${NGINX}:1 -o x.tar`,
    `docker run -d redis >x`.replace("redis", "«redis→HUB/library/redis»"),
  ])("%s", (marked) => {
    const [text, expected] = inAndOut(marked);
    expect(rewrite(text).text).toBe(expected);
    expect(rewrite(expected).text).toBe(expected);
  });
});

describe("a shell command names no image in", () => {
  test.each([
    "docker buildx create --name x --driver docker-container",
    "docker buildx inspect x",
    "docker network create web",
    "docker volume create --name data",
    "docker compose run web",
    "skopeo inspect oci:dir:nginx",
    "kubectl run x -- --image=nginx",
    "kubectl set image -h",
    "echo docker pull nginx",
    "mydocker pull nginx",
    "docker ps",
    "docker compose pull",
    "docker login -u x registry.acme.example",
    "docker push nginx:1",
    "docker tag nginx:1 redis:1",
    "docker run",
    "docker pull --help",
    "docker build -t nginx:1 .",
    "docker build --build-arg VERSION=1.25 --build-arg URL=https://a.b/c .",
    'echo "it is time to docker pull nginx"',
    "docker",
  ])("%s", (text) => {
    expect(rewrite(text)).toMatchObject({ text, references: [] });
  });
});

describe("an image of a shell command is reported and left alone:", () => {
  test.each([
    ["docker run $IMAGE", ["1:12 $IMAGE (variable)"]],
    ["docker pull $(cat image)", ["1:13 $(cat image) (variable)"]],
    ['docker pull ngi"nx":1', ["1:13 nginx:1 (unwritable)"]],
    ["docker pull ngi\\nx", ["1:13 nginx (unwritable)"]],
    ["docker build --build-arg NODE=node:20 .", ["1:31 node:20 (ambiguous)"]],
    ["docker build -t app:1 .\ndocker run app:1", ["2:12 app:1 (built-here)"]],
    ["docker run app\ndocker build --tag app:latest .", ["1:12 app (built-here)"]],
    [
      "docker pull nginx:1\ndocker tag nginx:1 local\ndocker run local",
      ["1:13 nginx:1", "2:12 nginx:1", "3:12 local (built-here)"],
    ],
  ])("%s", (text, expected) => {
    expect(brief(rewrite(text).references)).toEqual(expected);
  });
});
