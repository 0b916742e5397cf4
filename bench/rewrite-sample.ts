import fs from "node:fs";
import path from "node:path";

/*
 * A code base to measure `ecr-cache rewrite` on: the same files every time. One in five names images, in the formats,
 * sizes and about the proportions of a company that runs on ECS and Kubernetes; the others are code, and configuration
 * that names none, and are as large as it takes to make up the whole.
 */

/** What a corpus is made of. */
export interface CorpusSize {
  readonly files: number;
  /** Size of all files together, in bytes. */
  readonly bytes: number;
}

const IMAGES = [
  "nginx:1.25",
  "redis:7.2-alpine",
  "docker.io/library/postgres:16",
  "quay.io/prometheus/node-exporter:v1.8.0",
  "public.ecr.aws/docker/library/python:3.12",
  "bitnami/kafka:3.7",
  "gcr.io/distroless/base:nonroot",
  "registry.acme.example/team/app:2024-05-01",
];

const image = (at: number) => IMAGES[at % IMAGES.length]!;

/** Text without image names, of about a length, each line made by a function. */
function padding(length: number, line: (at: number) => string): string {
  let text = "";
  for (let at = 0; text.length < length; at += 1) text += line(at);
  return text;
}

/** A kind of file: its name, and a text of about a length. */
interface Kind {
  readonly share: number;
  /** In bytes; kinds without one share the rest. */
  readonly size?: number;
  readonly name: (at: number) => string;
  readonly text: (at: number, length: number) => string;
}

const comment = (at: number) => `# line ${at}: what this is for, and who to ask about it\n`;

const named: readonly Kind[] = [
  {
    share: 5,
    size: 1500,
    name: (at) => `service-${at}/Dockerfile`,
    text: (at, length) =>
      `FROM ${image(at)} AS build\nWORKDIR /src\nCOPY . .\n` +
      padding(length, (n) => `RUN make target-${n} \\\n    && ./check --fast /src/out/${n}\n`) +
      `FROM ${image(at + 1)}\nCOPY --from=build /src/out /app\nCMD ["/app"]\n`,
  },
  {
    share: 7,
    size: 4000,
    name: (at) => `deploy/manifest-${at}.yaml`,
    text: (at, length) =>
      padding(
        length,
        (n) => `---
apiVersion: v1
kind: Service
metadata: { name: web-${n}, labels: { app: web } }
spec:
  selector: { app: web }
  ports:
    - { name: http, port: 80, targetPort: 8080 }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: web-${n} }
data:
  settings.ini: |
    [server]
    address = 0.0.0.0
    workers = 4
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-${n}
  labels: { app: web, tier: "front" }
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: app
          image: ${image(at + n)} # pinned
          args: ["--port", "8080"]
          env:
            - name: LOG_LEVEL
              value: "info"
            - name: PASSWORD
              valueFrom: { secretKeyRef: { name: web, key: password } }
          resources:
            limits: { cpu: 100m, memory: 128Mi }
          livenessProbe:
            httpGet:
              path: /healthz
              port: 8080
`,
      ),
  },
  {
    share: 3,
    size: 2500,
    name: (at) => `service-${at}/compose.yaml`,
    text: (at, length) =>
      "services:\n" +
      padding(
        length,
        (n) =>
          `  s${n}:
    image: ${image(at + n)}
    restart: unless-stopped
    ports: ["80${n % 10}:80"]
    depends_on: [s0]
    environment:
      LOG_LEVEL: info
      DATABASE_URL: postgres://app@s0:5432/app
      NAME: value-${n}
    volumes:
      - ./data/${n}:/var/lib/data
    healthcheck:
      test: ["CMD", "wget", "-q", "-O-", "http://127.0.0.1/healthz"]
      interval: 10s
`,
      ),
  },
  {
    share: 3,
    size: 4000,
    name: (at) => `ecs/task-${at}.json`,
    text: (at, length) =>
      JSON.stringify(
        {
          family: `task-${at}`,
          containerDefinitions: Array.from({ length: Math.ceil(length / 600) }, (_, n) => ({
            name: `c${n}`,
            image: image(at + n),
            essential: true,
            portMappings: [{ containerPort: 80, protocol: "tcp" }],
            environment: [
              { name: "LOG_LEVEL", value: "info" },
              { name: "URL", value: "https://acme.example/path" },
            ],
            logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/ecs/x" } },
          })),
        },
        null,
        2,
      ),
  },
  {
    share: 2,
    size: 5000,
    name: (at) => `terraform/service-${at}.tf`,
    text: (at, length) =>
      padding(
        length,
        (n) => `resource "aws_ecs_task_definition" "t${n}" {
  family                   = "t${n}"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn

  container_definitions = jsonencode([
    {
      name         = "app"
      image        = "${image(at + n)}"
      portMappings = [{ containerPort = 8080, protocol = "tcp" }]
      environment  = [for key, value in var.environment : { name = key, value = value }]
    },
  ])

  tags = merge(var.tags, { team = "platform", name = "t\${var.suffix}" })
}

resource "aws_ecs_service" "s${n}" {
  name            = "s${n}"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.t${n}.arn
  desired_count   = var.environment == "prod" ? 3 : 1

  network_configuration {
    subnets         = data.aws_subnets.private.ids
    security_groups = [aws_security_group.service.id]
  }
}

`,
      ),
  },
];

const others: readonly Kind[] = [
  {
    share: 50,
    name: (at) => `src/module-${at}.ts`,
    text: (_, length) =>
      padding(length, (n) => `export const value${n} = compute(${n}, "text of line ${n}");\n`),
  },
  {
    share: 10,
    name: (at) => `config/settings-${at}.yaml`,
    text: (_, length) => padding(length, (n) => `key-${n}:\n  name: value ${n}\n  list: [a, b]\n`),
  },
  {
    share: 10,
    name: (at) => `config/data-${at}.json`,
    text: (_, length) =>
      `[\n${padding(length, (n) => `  { "id": ${n}, "name": "entry ${n}" },\n`)}  {}\n]\n`,
  },
  {
    share: 10,
    name: (at) => `docs/page-${at}.md`,
    text: (_, length) => padding(length, comment),
  },
];

function pick(kinds: readonly Kind[], at: number): Kind {
  const total = kinds.reduce((sum, { share }) => sum + share, 0);
  let left = at % total;
  for (const kind of kinds) {
    if (left < kind.share) return kind;
    left -= kind.share;
  }
  return kinds[0]!;
}

/** Writes a corpus into a folder that does not exist yet. */
export function writeCorpus(folder: string, { files, bytes }: CorpusSize): void {
  const kinds = Array.from({ length: files }, (_, at) =>
    at % 5 === 0 ? pick(named, at / 5) : pick(others, at),
  );
  const own = kinds.reduce((sum, { size = 0 }) => sum + size, 0);
  const rest = (bytes - own) / kinds.filter(({ size }) => size === undefined).length;
  for (const [at, kind] of kinds.entries()) {
    const file = path.join(folder, `area-${Math.floor(at / 200)}`, kind.name(at));
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, kind.text(at, kind.size ?? rest));
  }
}
