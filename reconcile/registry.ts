import type {
  ECRClient,
  ImageTagMutability,
  ImageTagMutabilityExclusionFilter,
  RepositoryCreationTemplate,
} from "@aws-sdk/client-ecr";
import { mostSpecificPrefix, normalizePrefix } from "../ecr/prefix";
import { existingTemplates, rulePrefixes } from "../registry/existing";
import {
  fingerprint,
  normalLifecyclePolicy,
  normalRepositoryPolicy,
} from "../registry/policies/meaning";

/** A policy of a template: its text, and its normal form to compare others with. */
export interface TemplatePolicy {
  readonly text: string;
  readonly normalForm: string;
  readonly fingerprint: string;
}

/** Whether tags can be moved, and those that are exempt. */
export interface TagMutability {
  readonly imageTagMutability: ImageTagMutability;
  readonly exclusionFilters: readonly ImageTagMutabilityExclusionFilter[];
}

/** A repository creation template, as far as it shapes repositories that exist. Encryption can't be changed later. */
export interface Template {
  readonly prefix: string;
  readonly lifecyclePolicy?: TemplatePolicy;
  readonly repositoryPolicy?: TemplatePolicy;
  readonly tagMutability: TagMutability;
  readonly tags: ReadonlyMap<string, string>;
}

/** What a registry says about the repositories in it: its templates and the prefixes of its cache rules. */
export interface Registry {
  readonly templates: ReadonlyMap<string, Template>;
  readonly rulePrefixes: readonly string[];
}

function templatePolicy(
  text: string | undefined,
  normalize: (text: string) => string,
): TemplatePolicy | undefined {
  if (!text) return undefined;
  const normalForm = normalize(text);
  return { text, normalForm, fingerprint: fingerprint(normalForm) };
}

function toTemplate(template: RepositoryCreationTemplate): Template {
  const lifecyclePolicy = templatePolicy(template.lifecyclePolicy, normalLifecyclePolicy);
  const repositoryPolicy = templatePolicy(template.repositoryPolicy, normalRepositoryPolicy);
  return {
    prefix: normalizePrefix(template.prefix ?? ""),
    ...(lifecyclePolicy && { lifecyclePolicy }),
    ...(repositoryPolicy && { repositoryPolicy }),
    tagMutability: {
      imageTagMutability: template.imageTagMutability ?? "MUTABLE",
      exclusionFilters: template.imageTagMutabilityExclusionFilters ?? [],
    },
    tags: new Map(
      (template.resourceTags ?? []).flatMap(({ Key, Value }) =>
        Key === undefined ? [] : [[Key, Value ?? ""]],
      ),
    ),
  };
}

/** Reads the templates that are for pull-through caches, and the rules of all owners: as a rule two calls. */
export async function readRegistry(ecr: ECRClient): Promise<Registry> {
  const templates = await existingTemplates(ecr);
  const prefixes = await rulePrefixes(ecr);
  return {
    templates: new Map(
      templates
        .filter(({ appliedFor }) => appliedFor?.includes("PULL_THROUGH_CACHE"))
        .map(toTemplate)
        .map((template) => [template.prefix, template]),
    ),
    rulePrefixes: prefixes,
  };
}

/** The template that ECR would make a repository by: that of the longest prefix. */
export function governingTemplate(registry: Registry, repository: string): Template | undefined {
  const prefix = mostSpecificPrefix(registry.templates.keys(), repository);
  return prefix === undefined ? undefined : registry.templates.get(prefix);
}
