import { parseSecretArn } from "../registry/credential-secret";
import {
  compareLifecyclePolicies,
  describeLifecyclePolicy,
} from "../registry/policies/lifecycle-change";
import { changes, differing, label, shown, text } from "./attributes";
import type { Context } from "./review-context";
import { code, note, type Note, prose, risk, IMPORTED } from "./finding";
import type { ResourceChange } from "./plan";
import { lostStatements } from "../registry/policies/registry-policy";
import { policyNotes, principalsIn } from "./policies";

/*
 * What a plan does to the cache's own resources: rules, templates, secrets, the registry policy.
 */

const RULE_ATTRIBUTES: Readonly<Record<string, string>> = {
  ecr_repository_prefix: "its prefix",
  upstream_registry_url: "its upstream",
  upstream_repository_prefix: "its upstream prefix",
};

/** A secret by its name, if its ARN is known. */
function credential(change: ResourceChange, when: "before" | "after"): string {
  const arn = text(when === "before" ? change.before : change.after, "credential_arn");
  const secret = arn === undefined ? undefined : parseSecretArn(arn);
  return secret ? code(secret.name) : shown(change, "credential_arn", when);
}

function ruleChanges(change: ResourceChange): Note[] {
  const names = differing(change);
  const notes: Note[] = [];
  if (names.includes("credential_arn")) {
    const [before, after] = [credential(change, "before"), credential(change, "after")];
    notes.push(
      after === "none" && change.action === "update"
        ? // https://github.com/pulumi/pulumi-aws/issues/5714
          risk(
            "apply-fails",
            `loses its credential ${before}`,
            "ECR can't remove the credential of an existing rule: replace the rule (terraform apply -replace)",
          )
        : note(`changes its credential to ${after} (was ${before})`),
    );
  }
  if (names.includes("custom_role_arn")) {
    notes.push(note(changes(change, "custom_role_arn", "its role")));
  }
  return notes;
}

export function ruleNotes(change: ResourceChange): Note[] {
  const prefix =
    text(change.after, "ecr_repository_prefix") ??
    text(change.before, "ecr_repository_prefix") ??
    "";
  const repositories = code(prefix === "ROOT" ? "*" : `${prefix}/*`);
  switch (change.action) {
    case "create": {
      const upstream = ["upstream_registry_url", "upstream_repository_prefix"]
        .map((name) => text(change.after, name))
        .filter((part) => part !== undefined && part !== "ROOT");
      return [note(`is **created**: ${repositories} is pulled from ${code(upstream.join("/"))}`)];
    }
    case "replace": {
      const reasons = change.replacedFor.map((name) =>
        changes(change, name, RULE_ATTRIBUTES[name] ?? code(name)),
      );
      const movesUpstream = change.replacedFor.some((name) => name.startsWith("upstream"));
      return [
        risk(
          "rule-replaced",
          `is **replaced**${reasons.length > 0 ? `: it ${reasons.join(" and ")}` : ""}`,
          `images that are not cached can't be pulled during the apply${movesUpstream ? `; images cached under ${repositories} stay as the earlier upstream had them` : ""}`,
        ),
      ];
    }
    case "destroy":
      return [
        risk(
          "rule-destroyed",
          "is **destroyed**",
          "images that are not cached can no longer be pulled, and nothing is refreshed; the repositories remain and cost money (`ecr-cache purge`)",
        ),
      ];
    case "forget":
      return [risk("rule-destroyed", "is **forgotten** by Terraform", "it remains in ECR")];
    case "import":
      return [IMPORTED, ...ruleChanges(change)];
    case "update":
      return ruleChanges(change);
    case "none":
      return [];
  }
}

function lifecycleNotes(change: ResourceChange): Note[] {
  const { changes: all, tightened } = compareLifecyclePolicies(
    text(change.before, "lifecycle_policy"),
    text(change.after, "lifecycle_policy"),
  );
  return all.map((what) => {
    const words = `changes its lifecycle policy: it ${prose(what)}`;
    return tightened.includes(what)
      ? risk(
          "retention-tightened",
          words,
          "this applies to new repositories, and to existing ones once they are reconciled",
        )
      : note(words);
  });
}

function mutabilityNotes(change: ResourceChange): Note[] {
  const of = (attributes: ResourceChange["before"]) =>
    text(attributes, "image_tag_mutability") ?? "MUTABLE";
  const [before, after] = [of(change.before), of(change.after)];
  if (after === before) return [];
  return after === "MUTABLE"
    ? [note(`changes the mutability of tags to ${code(after)} (was ${code(before)})`)]
    : [
        risk(
          "tags-immutable",
          `changes the mutability of tags to ${code(after)}`,
          "ECR's refresh can't move them, so the cache goes stale",
        ),
      ];
}

const TEMPLATE_ATTRIBUTES: Readonly<Record<string, string>> = {
  applied_for: "what it applies to",
  custom_role_arn: "its role",
  description: "its description",
  encryption_configuration: "the encryption of new repositories",
  prefix: "its prefix",
  resource_tags: "the tags of new repositories",
};

export function templateNotes(change: ResourceChange, context: Context): Note[] {
  const { action, region } = change;
  switch (action) {
    case "none":
      return [];
    case "destroy":
    case "forget": {
      const words = `is **${action === "destroy" ? "destroyed" : "forgotten"}**`;
      // Without its rule, no repository is created by it.
      return context.goingRules.has(`${region} ${text(change.before, "prefix")}`)
        ? [note(words)]
        : [
            risk(
              "template-destroyed",
              words,
              "new repositories keep every image, and other accounts can't pull from them",
            ),
          ];
    }
    case "create": {
      const policy = describeLifecyclePolicy(text(change.after, "lifecycle_policy"))
        .map(prose)
        .join("; ");
      return [
        note(`is **created**; it ${policy}`),
        ...mutabilityNotes(change),
        ...policyNotes(change, "repository_policy", context),
      ];
    }
    case "import":
    case "replace":
    case "update": {
      const names = differing(change);
      return [
        ...(action === "import" ? [IMPORTED] : []),
        ...(action === "replace"
          ? [
              risk(
                "template-destroyed",
                "is **replaced**",
                "repositories created during the apply keep every image",
              ),
            ]
          : []),
        ...lifecycleNotes(change),
        ...mutabilityNotes(change),
        ...policyNotes(change, "repository_policy", context),
        ...Object.entries(TEMPLATE_ATTRIBUTES)
          .filter(([name]) => names.includes(name))
          .map(([name, title]) => note(changes(change, name, title))),
      ];
    }
  }
}

/** Days for which a deleted secret's name can't be reused, unless its resource sets another number. */
const RECOVERY_WINDOW = 30;

function blockedName({ before }: ResourceChange): string {
  const days = before.recovery_window_in_days;
  const window = typeof days === "number" ? days : RECOVERY_WINDOW;
  return window > 0 ? `; its name can't be reused for ${window} days` : "";
}

function keyNotes(change: ResourceChange): Note[] {
  const key = text(change.after, "kms_key_id");
  if (key === undefined || key.endsWith("aws/secretsmanager")) return [];
  return [
    risk(
      "secret-unreadable",
      `is encrypted with the key ${shown(change, "kms_key_id", "after")}`,
      `ECR reads only secrets that are encrypted with ${code("aws/secretsmanager")}`,
    ),
  ];
}

export function secretNotes(change: ResourceChange): Note[] {
  const gone =
    "ECR can no longer authenticate with it: nothing new is cached, and nothing is refreshed";
  switch (change.action) {
    case "create":
      return [note("is **created**"), ...keyNotes(change)];
    case "import":
      return [IMPORTED, ...keyNotes(change)];
    case "replace":
      return [
        risk(
          "secret-replaced",
          "is **replaced**",
          `${gone} until the rule has the new secret${blockedName(change)}`,
        ),
        ...keyNotes(change),
      ];
    case "destroy":
      return [risk("secret-destroyed", "is **destroyed**", `${gone}${blockedName(change)}`)];
    case "forget":
      return [
        risk("secret-destroyed", "is **forgotten** by Terraform", "it remains in Secrets Manager"),
      ];
    case "update":
      return [
        ...keyNotes(change),
        ...differing(change)
          .filter((name) => ["description", "tags_all"].includes(name))
          .map((name) => note(changes(change, name, `its ${label(name)}`))),
      ];
    case "none":
      return [];
  }
}

export function secretVersionNotes(change: ResourceChange): Note[] {
  const version = (when: "before" | "after") => shown(change, "secret_string_wo_version", when);
  switch (change.action) {
    case "create":
      return [note(`gets its **token** (version ${version("after")})`)];
    case "replace":
      return [
        note(
          differing(change).includes("secret_string_wo_version")
            ? `**rotates its token** (version ${version("before")} to ${version("after")})`
            : "**gets its token again**",
        ),
      ];
    case "destroy":
    case "forget":
      return [
        risk("secret-destroyed", "loses its **token**", "ECR can no longer authenticate with it"),
      ];
    case "import":
    case "update":
      return [note("keeps its token")];
    case "none":
      return [];
  }
}

/** The statements of others that a registry policy loses, by their names. */
function lostNames({ before, after }: ResourceChange): string[] {
  try {
    return lostStatements(text(before, "policy"), text(after, "policy")).map(code);
  } catch (error) {
    if (error instanceof SyntaxError) return ["a policy that is not JSON"];
    throw error;
  }
}

function lossNotes(change: ResourceChange): Note[] {
  const lost = lostNames(change);
  return lost.length === 0
    ? []
    : [
        risk(
          "registry-policy-overwritten",
          `loses statements that are not this project's: ${lost.join(", ")}`,
          "whoever relies on them loses that access",
        ),
      ];
}

/** Who can no longer fill the cache without the registry policy. */
function consequence({ before }: ResourceChange): string {
  const named = principalsIn(text(before, "policy")).map(code).join(", ");
  return `${named || "other accounts"} can no longer fill the cache`;
}

export function registryPolicyNotes(change: ResourceChange, context: Context): Note[] {
  switch (change.action) {
    case "create":
      return [
        // The plan of a guarded policy fails where it would lose statements.
        context.guardedPolicies.has(change.region ?? "")
          ? note("is **created**")
          : risk(
              "registry-policy-overwritten",
              "is **created**",
              `a registry has one policy, and this one replaces any policy that exists: look first (${code("aws ecr get-registry-policy")}), or adopt it (${code('adopt: ["registry-policy"]')})`,
            ),
        ...policyNotes(change, "policy", context),
      ];
    case "destroy":
    case "forget":
      return [risk("access-lost", "is **destroyed**", consequence(change)), ...lossNotes(change)];
    case "update":
    case "replace":
    case "import":
      return [
        ...(change.action === "import" ? [IMPORTED] : []),
        ...lossNotes(change),
        ...policyNotes(change, "policy", context),
      ];
    case "none":
      return [];
  }
}
