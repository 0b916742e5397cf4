import type { Context } from "./context";
import * as images from "./images";
import * as exclusions from "./pull-time-exclusions";
import * as layers from "./layers";
import * as lifecycle from "./lifecycle";
import { batchGetImage } from "./pull";
import { putImage } from "./push";
import { listImageReferrers } from "./referrers";
import * as registry from "./registry";
import * as repositories from "./repositories";
import * as rules from "./rules";
import * as scanning from "./scanning";
import * as templates from "./templates";

type AnyAction = (input: never, context: Context) => unknown;

/** The actions of ECR that the sandbox implements, by their names in the API. */
const actions: Readonly<Record<string, AnyAction>> = {
  BatchCheckLayerAvailability: layers.batchCheckLayerAvailability,
  BatchDeleteImage: images.batchDeleteImage,
  BatchGetImage: batchGetImage,
  CompleteLayerUpload: layers.completeLayerUpload,
  CreatePullThroughCacheRule: rules.createPullThroughCacheRule,
  CreateRepository: repositories.createRepository,
  CreateRepositoryCreationTemplate: templates.createRepositoryCreationTemplate,
  DeleteLifecyclePolicy: lifecycle.deleteLifecyclePolicy,
  DeletePullThroughCacheRule: rules.deletePullThroughCacheRule,
  DeleteRegistryPolicy: registry.deleteRegistryPolicy,
  DeleteRepository: repositories.deleteRepository,
  DeleteRepositoryCreationTemplate: templates.deleteRepositoryCreationTemplate,
  DeleteRepositoryPolicy: repositories.deleteRepositoryPolicy,
  DeregisterPullTimeUpdateExclusion: exclusions.deregisterPullTimeUpdateExclusion,
  DescribeImageScanFindings: scanning.describeImageScanFindings,
  DescribeImages: images.describeImages,
  DescribePullThroughCacheRules: rules.describePullThroughCacheRules,
  DescribeRepositories: repositories.describeRepositories,
  DescribeRepositoryCreationTemplates: templates.describeRepositoryCreationTemplates,
  GetAccountSetting: registry.getAccountSetting,
  GetAuthorizationToken: registry.getAuthorizationToken,
  GetDownloadUrlForLayer: layers.getDownloadUrlForLayer,
  GetLifecyclePolicy: lifecycle.getLifecyclePolicy,
  GetLifecyclePolicyPreview: lifecycle.getLifecyclePolicyPreview,
  GetRegistryPolicy: registry.getRegistryPolicy,
  GetRegistryScanningConfiguration: scanning.getRegistryScanningConfiguration,
  GetRepositoryPolicy: repositories.getRepositoryPolicy,
  InitiateLayerUpload: layers.initiateLayerUpload,
  ListImageReferrers: listImageReferrers,
  ListImages: images.listImages,
  ListPullTimeUpdateExclusions: exclusions.listPullTimeUpdateExclusions,
  ListTagsForResource: repositories.listTagsForResource,
  PutAccountSetting: registry.putAccountSetting,
  PutImage: putImage,
  PutImageScanningConfiguration: repositories.putImageScanningConfiguration,
  PutImageTagMutability: repositories.putImageTagMutability,
  PutLifecyclePolicy: lifecycle.putLifecyclePolicy,
  PutRegistryPolicy: registry.putRegistryPolicy,
  PutRegistryScanningConfiguration: scanning.putRegistryScanningConfiguration,
  RegisterPullTimeUpdateExclusion: exclusions.registerPullTimeUpdateExclusion,
  SetRepositoryPolicy: repositories.setRepositoryPolicy,
  StartLifecyclePolicyPreview: lifecycle.startLifecyclePolicyPreview,
  TagResource: repositories.tagResource,
  UntagResource: repositories.untagResource,
  UploadLayerPart: layers.uploadLayerPart,
  UpdateImageStorageClass: images.updateImageStorageClass,
  UpdatePullThroughCacheRule: rules.updatePullThroughCacheRule,
  UpdateRepositoryCreationTemplate: templates.updateRepositoryCreationTemplate,
  ValidatePullThroughCacheRule: rules.validatePullThroughCacheRule,
};

/** Whether the sandbox implements an action of ECR; the others go to moto. */
export function answers(action: string): boolean {
  return Object.hasOwn(actions, action);
}

/** Performs an action, and returns its response or a promise of it. @throws EcrException with the error of ECR. */
export function perform(action: string, input: object, context: Context): unknown {
  const run = actions[action];
  if (!run) throw new Error(`the sandbox does not implement ${action}`);
  return run(input as never, context);
}
