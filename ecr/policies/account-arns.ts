import type { Environment } from "../environment/model";
import { partitionOf } from "../region";
import { repositoriesArn } from "./cache";

/** ARNs in the account of an environment. */
export class AccountArns {
  private readonly partition: string;
  readonly regions: readonly string[];

  constructor(private readonly environment: Environment) {
    this.regions = [...environment.regions, ...environment.formerRegions];
    this.partition = partitionOf(environment.regions[0]!);
  }

  /** Of what an account has once, whatever the region. */
  readonly global = (service: string, resource: string) =>
    `arn:${this.partition}:${service}::${this.environment.account}:${resource}`;

  readonly iam = (resource: string) => this.global("iam", resource);

  readonly inRegions = (service: string, resource: string) =>
    this.regions.map(
      (region) =>
        `arn:${partitionOf(region)}:${service}:${region}:${this.environment.account}:${resource}`,
    );

  repositories(): string[] {
    return this.regions.flatMap((region) =>
      this.environment.rules.map(({ prefix }) => repositoriesArn(this.environment, region, prefix)),
    );
  }

  /** The keys that encrypt repositories, and for an existing topic, whose key only AWS knows, all of its account there. */
  keys(): string[] {
    const keys = this.environment.rules.flatMap(({ encryption }) =>
      encryption.type === "KMS" ? Object.values(encryption.kmsKeys) : [],
    );
    return [
      ...new Set([
        ...keys,
        ...this.topics().map((arn) => arn.replace(/:sns:(.*):.*/, ":kms:$1:key/*")),
      ]),
    ];
  }

  /** The existing topics of notifications. */
  topics(): string[] {
    return Object.values(this.environment.maintenance?.notifications.topicArns ?? {});
  }

  /** Secrets Manager appends a hyphen and six characters to a secret's name. */
  secrets(managedOnly = false): string[] {
    return this.environment.rules.flatMap(({ credential }) =>
      credential && (credential.managed || !managedOnly)
        ? this.inRegions("secretsmanager", `secret:${credential.secretName}-??????`)
        : [],
    );
  }
}
