import * as z from "zod";
import { EXISTING_POLICIES, type ExistingPolicies } from "../existing-policies";
import { type LambdaRuntime, lambdaRuntime } from "./lambda-runtime";
import { MAX_TAGS } from "./limits";
import { onePerRegionProblems } from "./one-per-region";
import { regionOfArn } from "../region";
import { type Problem, show } from "../problem";
import { isScheduleExpression, type ScheduleExpression } from "./schedule-expression";
import { strictObject, textLike } from "../schema";

/*
 * The `maintenance` of an environment: existing repositories follow their creation template, and people are notified when
 * an image can't be pulled.
 */

/** The maintenance of an environment as a user writes it; `{}` takes every default. */
export interface MaintenanceInput {
  /** False to switch it off without taking the settings out. Default: true. */
  readonly enabled?: boolean;
  /** When all repositories are processed, in UTC. Default: `rate(1 day)`. */
  readonly schedule?: ScheduleExpression;
  /**
   * Whether a lifecycle policy that somebody made by hand is kept or gives way to the template's. One that came from an
   * earlier version of the template always follows it. Default: `keep`.
   */
  readonly existingPolicies?: ExistingPolicies;
  /** Who is notified of failed pulls and of alarms. */
  readonly notifications?: {
    /** Each is asked by e-mail to confirm the subscription, once for each region. Default: none. */
    readonly emails?: readonly string[];
    /**
     * The ARN of an SNS topic that exists already, or a list of ARNs with one for each region. Default: a topic
     * `ecr-cache-NAME` is made in each.
     */
    readonly topicArn?: string | readonly string[];
  };
}

/** The maintenance of an environment with every default filled in. */
export interface Maintenance {
  readonly schedule: ScheduleExpression;
  readonly existingPolicies: ExistingPolicies;
  /** What the functions run on: the newest runtime that `awsProviderVersion` lets Terraform set. */
  readonly runtime: LambdaRuntime;
  readonly notifications: {
    readonly emails: readonly string[];
    /** The ARN of the topic that exists by region; empty where topics are made. */
    readonly topicArns: Readonly<Record<string, string>>;
  };
}

const SCHEDULE =
  'a schedule expression of EventBridge, such as "rate(1 day)" or "cron(0 3 * * ? *)" (UTC)';

// Without $, % and braces, which Terraform would read as a template.
const EMAIL = /^[A-Za-z0-9.!#&'*+/=?^_`|~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;

// Source: https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
const TOPIC =
  "a topic's ARN, arn:PARTITION:sns:REGION:ACCOUNT:NAME, and not a FIFO topic: alarms and e-mails take none";
const topicArn = textLike(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$/, TOPIC);

export const maintenanceSchema = strictObject(
  {
    enabled: z.boolean({ error: "true or false" }).optional(),
    schedule: z
      .string({ error: SCHEDULE })
      .refine(isScheduleExpression, { error: SCHEDULE })
      .optional(),
    existingPolicies: z
      .enum(EXISTING_POLICIES, { error: EXISTING_POLICIES.map(show).join(" or ") })
      .optional(),
    notifications: strictObject(
      {
        emails: z
          .array(textLike(EMAIL, "an e-mail address"), {
            error: "a list of e-mail addresses",
          })
          .optional(),
        topicArn: z
          .union([topicArn, z.array(topicArn).min(1, { error: TOPIC })], { error: TOPIC })
          .optional(),
      },
      "{ emails: […], topicArn: … }",
    ).optional(),
  },
  "{ schedule, existingPolicies, notifications, enabled }, or {} for the defaults",
);

function topicArnsOf(input: MaintenanceInput): readonly string[] {
  const { topicArn: given = [] } = input.notifications ?? {};
  return typeof given === "string" ? [given] : given;
}

/**
 * What is wrong with a maintenance whose shape is sound, together with the rest of its environment.
 *
 * @param tags The environment's tags.
 */
export function maintenanceProblems(
  input: MaintenanceInput,
  regions: readonly string[],
  tags: Readonly<Record<string, string>>,
): Problem[] {
  const problems: Problem[] = [];

  const emails = (input.notifications?.emails ?? []).map((email) => email.toLowerCase());
  emails.forEach((email, index) => {
    if (emails.indexOf(email) === index) return;
    problems.push({
      path: ["maintenance", "notifications", "emails", index],
      found: `${show(input.notifications?.emails?.[index])} again`,
      allowed: "each address once",
    });
  });

  const topicArns = topicArnsOf(input);
  if (topicArns.length > 0) {
    problems.push(
      ...onePerRegionProblems(
        ["maintenance", "notifications", "topicArn"],
        topicArns,
        regions,
        ["topic", "topics"],
        ", where its alarms are",
      ),
    );
  }

  // Reconciling marks a repository with a tag. More than MAX_TAGS are refused anyway.
  const count = Object.keys(tags).length;
  if (input.enabled !== false && count === MAX_TAGS) {
    problems.push({
      path: ["tags"],
      found: `${count} tags`,
      allowed: `at most ${MAX_TAGS - 1} with maintenance, which needs one of a repository's ${MAX_TAGS} for itself`,
    });
  }
  return problems;
}

/**
 * The maintenance with its defaults; undefined where there is none.
 *
 * @param awsProviderVersion The environment's.
 */
export function resolveMaintenance(
  input: MaintenanceInput | undefined,
  awsProviderVersion: string,
): Maintenance | undefined {
  if (!input || input.enabled === false) return undefined;
  return {
    schedule: input.schedule ?? "rate(1 day)",
    existingPolicies: input.existingPolicies ?? "keep",
    runtime: lambdaRuntime(awsProviderVersion),
    notifications: {
      emails: [...(input.notifications?.emails ?? [])],
      topicArns: Object.fromEntries(topicArnsOf(input).map((arn) => [regionOfArn(arn), arn])),
    },
  };
}
