import * as z from "zod";
import { backendSchema } from "./backend";
import { singletonNames } from "../singletons";
import { adoptable, SECRET_NAME_PREFIX } from "./input";
import { MAX_RULES_PER_REGISTRY } from "./limits";
import { maintenanceSchema } from "./maintenance";
import { pruneSchema, ROLE_ARN } from "./prune";
import { scanningSchema } from "./scanning";
import { registryStatementsSchema } from "./registry-statements";
import { show } from "../problem";
import { AWS_PROVIDER_VERSION, narrowsAwsProviderVersion } from "./provider-version";
import { knownRegions, partitionOf, REGION_PATTERN } from "../region";
import { noSuchKind, strictObject, textLike, wholeNumber } from "../schema";
import { type Upstream, type UpstreamName, upstreamNames, upstreamOf } from "../upstreams";

/*
 * The shape of an environment, field by field. The message of each check says what is allowed.
 */

const account = textLike(/^[0-9]{12}$/, "12 digits, as text");

// Source: the validation of aws_ecr_pull_through_cache_rule, which is narrower than ECR's own.
const prefix = textLike(
  /^(?=.{2,30}$)(?!.\/$)((?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*[a-z0-9]+(?:[._-][a-z0-9]+)*\/?|ROOT)$/,
  "2 to 30 lower-case letters and digits, separated by single . _ - or /, or ROOT",
);

// Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html, with * for IAM's wildcard
const allowedName = textLike(
  /^(?=.{1,256}$)[a-z0-9]([a-z0-9*]|[._/-](?=[a-z0-9*]|[_-]))*$/,
  "a repository's name below the prefix, such as library/nginx, or with * for any characters, such as grafana/*; the first character is a letter or digit",
);

// Source: https://docs.aws.amazon.com/general/latest/gr/aws_tagging.html
export const TAG_KEY = /^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/iu;
const TAG_VALUE = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u;
const tags = z.record(
  z.string(),
  textLike(TAG_VALUE, "a string of at most 256 letters, digits, spaces and _ . : / = + - @"),
  { error: "an object of tags" },
);

// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
const role = textLike(
  /^[\w+=,.@-]{1,64}$/,
  "the name of an IAM role (not its ARN): 1 to 64 letters, digits and + = , . @ _ -",
  // Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
).refine((name) => !name.startsWith("AWSServiceRoleFor"), {
  error: "a role of yours: nobody can attach a policy to a service-linked role",
});

// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const BOUNDARY_ARN =
  /^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy\/([\w+=,.@-]+\/)*[\w+=,.@-]{1,128}$/;
const assumeRole = strictObject(
  {
    roleArn: textLike(ROLE_ARN, "the ARN of an IAM role, arn:PARTITION:iam::ACCOUNT:role/NAME"),
    externalId: textLike(
      /^[\w+=,.@:/-]{2,1224}$/,
      "2 to 1,224 letters, digits and + = , . @ : / _ -",
    ).optional(),
    sessionName: textLike(
      /^[\w+=,.@-]{2,64}$/,
      "2 to 64 letters, digits and + = , . @ _ -",
    ).optional(),
  },
  "{ roleArn: … }",
);
const profile = textLike(/^[^\s[\]]+$/, "the name of a profile, without white space and [ ]");
const ROLE_PATH = /^(?=.{1,512}$)\/([\w+=,.@-]+\/)*$/;

// Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-creating-secret.html
const secretName = textLike(
  new RegExp(`^(?=.{1,512}$)${SECRET_NAME_PREFIX}[a-zA-Z0-9/_+=.@-]+$`),
  `a name that begins with ${SECRET_NAME_PREFIX} (ECR may read no other secret), then letters, digits and / _ + = . @ -`,
);

// Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
const RECOVERY_WINDOW = "0, or a whole number of days from 7 to 30";
const recoveryWindow = z
  .int({ error: RECOVERY_WINDOW })
  .refine((days) => days === 0 || (days >= 7 && days <= 30), { error: RECOVERY_WINDOW });

const KMS_KEY =
  "a key's full ARN, arn:PARTITION:kms:REGION:ACCOUNT:key/ID; ECR takes no alias, and only a key of the same region";
const kmsKey = textLike(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key\/[a-zA-Z0-9-]+$/, KMS_KEY);

const UNLISTED = "{ unlisted: … } for a region that this version does not know";

/** What may be in place of something that is no region, with the regions that it may have been meant for. */
function allowedRegions(found: unknown): string {
  const meant = typeof found === "string" ? found.toLowerCase() : "";
  const near = knownRegions.filter(
    (name) =>
      name.split("-")[0] === meant.split("-")[0] && partitionOf(name) === partitionOf(meant),
  );
  return `${near.length > 0 ? `one of ${near.join(", ")}` : "a region such as us-east-1"}, or ${UNLISTED}`;
}

const region = z.union(
  [
    z.enum(knownRegions),
    strictObject(
      { unlisted: textLike(REGION_PATTERN, "the name of a region, such as us-east-1") },
      UNLISTED,
    ),
  ],
  { error: ({ input }) => allowedRegions(input) },
);

// Source: https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
const ORGANIZATION = "o-[a-z0-9]{10,32}";
const organization = textLike(
  new RegExp(`^${ORGANIZATION}$`),
  "an organization's id, such as o-abc123def4",
);
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
const organizationPath = textLike(
  new RegExp(`^${ORGANIZATION}/(\\*|r-[a-z0-9]{4,32}/(ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)*\\*?)$`),
  "a path in an organization that ends with / or /*, such as o-abc123def4/r-ab12/ou-ab12-11111111/*",
);

const consumer = strictObject(
  {
    account,
    roles: z
      .array(role, { error: "a list of role names" })
      .min(1, { error: "at least one role; an account without a stack is one of access.accounts" }),
    backend: backendSchema.optional(),
    profile: profile.optional(),
    assumeRole: assumeRole.optional(),
  },
  "a consumer, { account: …, roles: […] }",
);

const ADOPT = `true, false, or a list out of ${adoptable.join(", ")} and { kinds: […], regions: […] }`;
const adoptKind = z.enum(adoptable, { error: ADOPT });

const ENCRYPTION =
  '{ type: "AES256" } or { type: "KMS", kmsKey: an ARN, or a list of one ARN for each region }';

const commonRule = {
  prefix: prefix.optional(),
  upstreamPrefix: prefix.optional(),
  only: z
    .array(allowedName, { error: "a list of repositories below the prefix" })
    .min(1, { error: "at least one repository; without only, all may be pulled" })
    .optional(),
  allowPublicRoot: z.boolean({ error: "true or false" }).optional(),
  // Checked by lifecycleProblems, which knows the grammar across rules.
  retention: z.unknown().optional(),
  encryption: z
    .discriminatedUnion(
      "type",
      [
        strictObject({ type: z.literal("AES256") }, ENCRYPTION),
        strictObject(
          {
            type: z.literal("KMS"),
            kmsKey: z.union([kmsKey, z.array(kmsKey).min(1, { error: KMS_KEY })], {
              error: KMS_KEY,
            }),
          },
          ENCRYPTION,
        ),
      ],
      { error: ENCRYPTION },
    )
    .optional(),
  adopt: z
    .union(
      [
        z.boolean(),
        z.array(
          z.union(
            [
              adoptKind,
              strictObject(
                {
                  kinds: z.array(adoptKind, { error: ADOPT }).min(1, { error: ADOPT }),
                  regions: z.array(region, { error: "a list of regions" }).min(1, {
                    error: "at least one region",
                  }),
                },
                ADOPT,
              ),
            ],
            { error: ADOPT },
          ),
        ),
      ],
      { error: ADOPT },
    )
    .optional(),
  imageTagMutability: z
    .literal("MUTABLE", {
      error:
        "MUTABLE: the 24-hour refresh can't move an immutable tag, so an immutable cache goes stale",
    })
    .optional(),
};

const credentialSchema = (upstream: Upstream) =>
  strictObject(
    {
      username: textLike(
        /^[^\s"\\$%{}]+$/,
        'the user name at the upstream registry, without white space and " \\ $ % { }',
      ),
      version: wholeNumber(1).optional(),
      recoveryWindowInDays: recoveryWindow.optional(),
      secretName: secretName.optional(),
    },
    `{ username: … }: ECR takes no rule for ${upstream.title} without a credential`,
    (key, keys) =>
      /token|password|secret/i.test(key)
        ? `${keys}; the token is in no file: it is a variable of the credentials stack`
        : undefined,
  );

const customerRegistry = ({ isHost, form, example }: NonNullable<Upstream["registry"]>) => {
  const error = `${form}, such as ${show(example)}`;
  return z.string({ error }).refine(isHost, { error });
};

const nothing = (reason: string) => z.undefined({ error: `nothing: ${reason}` }).optional();

function ruleSchema(name: UpstreamName) {
  const upstream = upstreamOf(name);
  return strictObject(
    {
      upstream: z.literal(name),
      ...commonRule,
      registry: upstream.registry
        ? customerRegistry(upstream.registry)
        : nothing(`the registry of ${upstream.title} is always ${upstream.url}`),
      credential:
        upstream.credential === "required"
          ? credentialSchema(upstream)
          : nothing(`ECR pulls from ${upstream.title} without a credential`),
    },
    "a rule, { upstream: … }",
  );
}

const PROVIDER_VERSION = `a version constraint inside ${AWS_PROVIDER_VERSION}, such as "~> 6.28"`;

const [firstRule, ...otherRules] = upstreamNames.map(ruleSchema);

export const environmentSchema = strictObject(
  {
    name: textLike(
      /^(?!.*-(credentials|consumer-[0-9]{12})$)[A-Z][A-Z0-9_-]{0,31}$/i,
      "a letter, then at most 31 letters, digits, _ and -; not ending in -credentials or -consumer-ACCOUNT",
      // cdktf keeps stacks by name in a plain object.
    ).refine((name) => !(name in Object.prototype), {
      error: "a name other than those that every object of JavaScript has",
    }),
    account,
    regions: z
      .array(region, { error: "a list of regions" })
      .min(1, { error: "at least one region" }),
    formerRegions: z.array(region, { error: "a list of regions" }).optional(),
    backend: backendSchema.optional(),
    tags: tags.optional(),
    rules: z
      .array(
        z.discriminatedUnion("upstream", [firstRule!, ...otherRules], {
          error: noSuchKind("a rule, { upstream: … }", upstreamNames),
        }),
        { error: "a list of rules" },
      )
      .min(1, { error: "at least one rule" })
      .max(MAX_RULES_PER_REGISTRY, {
        error: `at most ${MAX_RULES_PER_REGISTRY} rules, ECR's quota for an account and region`,
      }),
    retention: z.unknown().optional(),
    access: strictObject(
      {
        roles: z.array(role, { error: "a list of role names" }).optional(),
        accounts: z.array(account, { error: "a list of account ids" }).optional(),
        consumers: z.array(consumer, { error: "a list of consumers" }).optional(),
        organizations: z.array(organization, { error: "a list of organization ids" }).optional(),
        organizationPaths: z
          .array(organizationPath, { error: "a list of paths in organizations" })
          .optional(),
        registryStatements: registryStatementsSchema.optional(),
      },
      "{ roles: […], accounts: […], consumers: […], organizations: […], organizationPaths: […], registryStatements: […] }",
    ).optional(),
    adopt: z
      .array(z.enum(singletonNames, { error: singletonNames.join(", ") }), {
        error: `a list out of ${singletonNames.join(", ")}`,
      })
      .optional(),
    maintenance: maintenanceSchema.optional(),
    prune: pruneSchema.optional(),
    scanning: scanningSchema.optional(),
    profile: profile.optional(),
    assumeRole: assumeRole.optional(),
    permissionsBoundary: textLike(
      BOUNDARY_ARN,
      "the ARN of an IAM policy, arn:PARTITION:iam::ACCOUNT:policy/NAME",
    ).optional(),
    rolePath: textLike(
      ROLE_PATH,
      "a path of at most 512 letters, digits and + = , . @ _ - / that begins and ends with /",
    ).optional(),
    awsProviderVersion: z
      .string({ error: PROVIDER_VERSION })
      .refine(narrowsAwsProviderVersion, { error: PROVIDER_VERSION })
      .optional(),
  },
  "an environment, { name, account, regions, rules, … }",
);
