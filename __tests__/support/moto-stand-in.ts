import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { identify } from "../../sandbox/aws-request";
import type { Secret as FoundSecret, Services } from "../../sandbox/ecr/context";

/*
 * What moto does for the sandbox and for the commands, as far as the unit tests need it: Secrets Manager, IAM's roles, STS,
 * KMS keys and the keys of SNS topics, in this process and at once. It is as lenient as moto; the end-to-end tests use moto itself.
 */

/** It answers at a URL where the sandbox expects moto. */
export interface MotoStandIn {
  readonly url: string;
  /** Secrets Manager in a region, past faults and the call log. */
  secrets(region: string): SecretsManager;
  /** KMS in a region, past faults and the call log. */
  keys(region: string): Keys;
  /** The key of each topic, by the topic's ARN. */
  readonly topicKeys: Map<string, string>;
  /** What ECR in a region calls. */
  services(region: string): Services;
  reset(): void;
  stop(): Promise<void>;
}

interface Secret {
  readonly name: string;
  readonly arn: string;
  readonly kmsKeyId?: string;
  /** Newest last. */
  readonly versions: { readonly id: string; readonly text: string; readonly at: number }[];
  changedAt: number;
  deletedAt?: number;
}

interface Role {
  readonly arn: string;
  readonly trust: string;
  /** Inline ones, by name. */
  readonly policies: Map<string, string>;
}

class Refusal extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type Input = Readonly<Record<string, string | undefined>>;

const seconds = () => Date.now() / 1_000;

/** Secrets Manager in one region. */
export class SecretsManager {
  private readonly secrets = new Map<string, Secret>();

  constructor(
    private readonly account: string,
    private readonly region: string,
  ) {}

  CreateSecret({ Name: name = "", SecretString, KmsKeyId }: Input): { readonly ARN: string } {
    const arn = `arn:aws:secretsmanager:${this.region}:${this.account}:secret:${name}-AbCdEf`;
    const secret: Secret = {
      name,
      arn,
      ...(KmsKeyId !== undefined && { kmsKeyId: KmsKeyId }),
      versions: [],
      changedAt: seconds(),
    };
    this.secrets.set(name, secret);
    if (SecretString !== undefined) this.PutSecretValue({ SecretId: name, SecretString });
    return { ARN: arn };
  }

  DescribeSecret(input: Input): object {
    const { name, arn, kmsKeyId, versions, changedAt, deletedAt } = this.find(input);
    const stages = ["AWSCURRENT", "AWSPREVIOUS"].flatMap((stage, index) => {
      const version = versions.at(-1 - index);
      return version ? [[version.id, [stage]]] : [];
    });
    return {
      ARN: arn,
      Name: name,
      ...(kmsKeyId !== undefined && { KmsKeyId: kmsKeyId }),
      LastChangedDate: changedAt,
      ...(deletedAt !== undefined && { DeletedDate: deletedAt }),
      VersionIdsToStages: Object.fromEntries(stages) as object,
    };
  }

  GetSecretValue(input: Input): object {
    const { name, arn, versions, deletedAt } = this.find(input);
    if (deletedAt !== undefined) {
      throw new Refusal("InvalidRequestException", "The secret is marked for deletion.");
    }
    const version = versions.at(-1);
    if (!version) throw notFound("the specified secret value for staging label: AWSCURRENT");
    const { id, text: SecretString, at } = version;
    return { ARN: arn, Name: name, VersionId: id, SecretString, CreatedDate: at };
  }

  PutSecretValue(input: Input): object {
    const secret = this.find(input);
    const version = { id: randomUUID(), text: input.SecretString ?? "", at: seconds() };
    secret.versions.push(version);
    secret.changedAt = version.at;
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id };
  }

  DeleteSecret(input: Input): object {
    const secret = this.find(input);
    if (input.ForceDeleteWithoutRecovery) this.secrets.delete(secret.name);
    else secret.deletedAt = seconds();
    return { ARN: secret.arn, Name: secret.name, DeletionDate: seconds() };
  }

  RestoreSecret(input: Input): object {
    const secret = this.find(input);
    delete secret.deletedAt;
    return { ARN: secret.arn, Name: secret.name };
  }

  GetResourcePolicy(input: Input): object {
    const { arn, name } = this.find(input);
    return { ARN: arn, Name: name };
  }

  /** What ECR finds. */
  read(SecretId: string): FoundSecret {
    const secret = this.lookUp(SecretId);
    if (!secret || secret.deletedAt !== undefined) return { state: "absent" };
    const { versions, kmsKeyId } = secret;
    const version = versions.at(-1);
    if (!version) return { state: "without a value" };
    return { state: "present", text: version.text, ...(kmsKeyId !== undefined && { kmsKeyId }) };
  }

  private lookUp(id: string): Secret | undefined {
    return [...this.secrets.values()].find(({ name, arn }) => name === id || arn === id);
  }

  private find({ SecretId = "" }: Input): Secret {
    const secret = this.lookUp(SecretId);
    if (!secret) throw notFound("the specified secret.");
    return secret;
  }
}

function notFound(what: string): Refusal {
  return new Refusal("ResourceNotFoundException", `Secrets Manager can't find ${what}`);
}

/** What a KMS key is like. */
interface KeySettings {
  readonly policy: string;
  readonly state?: string;
  readonly spec?: string;
  readonly usage?: string;
}

/** KMS in one region. */
export class Keys {
  private readonly keys = new Map<string, KeySettings>();

  create(arn: string, settings: KeySettings): void {
    this.keys.set(arn, settings);
  }

  DescribeKey(input: Input): object {
    const [Arn, { state, spec, usage }] = this.find(input);
    return {
      KeyMetadata: {
        Arn,
        KeyId: Arn.split("/")[1],
        KeyState: state ?? "Enabled",
        KeySpec: spec ?? "SYMMETRIC_DEFAULT",
        KeyUsage: usage ?? "ENCRYPT_DECRYPT",
      },
    };
  }

  GetKeyPolicy(input: Input): object {
    return { Policy: this.find(input)[1].policy, PolicyName: "default" };
  }

  private find({ KeyId = "" }: Input): [string, KeySettings] {
    const found = [...this.keys].find(([arn]) => arn === KeyId);
    if (!found) throw new Refusal("NotFoundException", `Key '${KeyId}' does not exist`);
    return found;
  }
}

/** IAM's roles. The answers are what is between the tags of a result. */
class Roles {
  private readonly roles = new Map<string, Role>();

  constructor(private readonly account: string) {}

  CreateRole({ RoleName = "", Path = "/", AssumeRolePolicyDocument: trust = "" }: Input): string {
    const arn = `arn:aws:iam::${this.account}:role${Path}${RoleName}`;
    // Service-linked roles are created by whoever needs them.
    if (!this.roles.has(RoleName)) this.roles.set(RoleName, { arn, trust, policies: new Map() });
    return this.GetRole({ RoleName });
  }

  GetRole({ RoleName }: Input): string {
    const { arn, trust } = this.find(RoleName);
    return `<Role><RoleName>${RoleName}</RoleName><Arn>${arn}</Arn><AssumeRolePolicyDocument>${encodeURIComponent(trust)}</AssumeRolePolicyDocument></Role>`;
  }

  DeleteRole({ RoleName = "" }: Input): string {
    this.find(RoleName);
    this.roles.delete(RoleName);
    return "";
  }

  PutRolePolicy({ RoleName, PolicyName = "", PolicyDocument = "" }: Input): string {
    this.find(RoleName).policies.set(PolicyName, PolicyDocument);
    return "";
  }

  DeleteRolePolicy({ RoleName, PolicyName = "" }: Input): string {
    this.find(RoleName).policies.delete(PolicyName);
    return "";
  }

  ListRolePolicies({ RoleName }: Input): string {
    const names = [...this.find(RoleName).policies.keys()];
    return `<PolicyNames>${names.map((name) => `<member>${name}</member>`).join("")}</PolicyNames>`;
  }

  GetRolePolicy({ RoleName, PolicyName = "" }: Input): string {
    const document = this.find(RoleName).policies.get(PolicyName) ?? "";
    return `<PolicyName>${PolicyName}</PolicyName><PolicyDocument>${encodeURIComponent(document)}</PolicyDocument>`;
  }

  ListAttachedRolePolicies({ RoleName }: Input): string {
    this.find(RoleName);
    return "<AttachedPolicies/>";
  }

  /** Whom a role trusts. */
  trusted(name: string): string[] | undefined {
    const role = this.roles.get(name);
    if (!role) return undefined;
    const { Statement } = JSON.parse(role.trust) as {
      Statement: { Principal: { Service: string } }[];
    };
    return Statement.map(({ Principal }) => Principal.Service);
  }

  private find(name = ""): Role {
    const role = this.roles.get(name);
    if (!role) throw new Refusal("NoSuchEntity", `The role with name ${name} cannot be found.`);
    return role;
  }
}

/** Calls an action that a service has. */
function perform<Result>(service: object, action: string, input: Input): Result {
  const method = (service as Readonly<Record<string, unknown>>)[action];
  if (typeof method !== "function") throw new Error(`the stand-in for moto has no ${action}`);
  return Reflect.apply(method, service, [input]) as Result;
}

/** Starts it on a free port. */
export async function startMotoStandIn(account: string): Promise<MotoStandIn> {
  let regions = new Map<string, SecretsManager>();
  let roles = new Roles(account);
  let keyRegions = new Map<string, Keys>();
  const topicKeys = new Map<string, string>();
  const keysIn = (region: string) => {
    const keys = keyRegions.get(region) ?? new Keys();
    keyRegions.set(region, keys);
    return keys;
  };
  const topics = {
    GetTopicAttributes: ({ TopicArn = "" }: Input) =>
      `<Attributes><entry><key>KmsMasterKeyId</key><value>${topicKeys.get(TopicArn) ?? ""}</value></entry></Attributes>`,
  };
  const secretsIn = (region: string) => {
    const secrets = regions.get(region) ?? new SecretsManager(account, region);
    regions.set(region, secrets);
    return secrets;
  };
  const reset = () => {
    regions = new Map();
    roles = new Roles(account);
    keyRegions = new Map();
    topicKeys.clear();
  };
  const xml = (action: string, result: string) =>
    `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`;

  const server = createServer((incoming, outgoing) => {
    const { method = "", url = "", headers } = incoming;
    void text(incoming).then((body) => {
      const { service, region, action, protocol } = identify(method, url, headers, body);
      const isJson = protocol === "json";
      try {
        const answer = isJson
          ? JSON.stringify(
              perform(
                service === "kms" ? keysIn(region) : secretsIn(region),
                action,
                JSON.parse(body) as Input,
              ),
            )
          : action === "GetCallerIdentity"
            ? xml(
                action,
                `<Arn>arn:aws:iam::${account}:user/operator</Arn><Account>${account}</Account>`,
              )
            : xml(
                action,
                perform(
                  service === "sns" ? topics : roles,
                  action,
                  Object.fromEntries(new URLSearchParams(body)),
                ),
              );
        outgoing.writeHead(200).end(answer);
      } catch (error) {
        const { code, message } =
          error instanceof Refusal ? error : { code: "InternalFailure", message: String(error) };
        outgoing
          .writeHead(error instanceof Refusal ? 400 : 501)
          .end(
            isJson
              ? JSON.stringify({ __type: code, message })
              : `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`,
          );
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    secrets: secretsIn,
    keys: keysIn,
    topicKeys,
    services: (region) => ({
      readSecret: (arn) => Promise.resolve(secretsIn(region).read(arn)),
      rolePolicies: () => Promise.resolve([]),
      trustedServices: (arn) => Promise.resolve(roles.trusted(arn.split("/").at(-1) ?? "")),
      ensureServiceLinkedRole: ({ name: RoleName, service }) => {
        roles.CreateRole({ RoleName, Path: `/aws-service-role/${service}/` });
        return Promise.resolve();
      },
      putEvent: () => Promise.resolve(),
    }),
    reset,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
