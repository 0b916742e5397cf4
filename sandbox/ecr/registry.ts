import type {
  DeleteRegistryPolicyResponse,
  GetAccountSettingRequest,
  GetAccountSettingResponse,
  GetAuthorizationTokenResponse,
  GetRegistryPolicyResponse,
  PutAccountSettingRequest,
  PutAccountSettingResponse,
  PutRegistryPolicyRequest,
  PutRegistryPolicyResponse,
} from "@aws-sdk/client-ecr";
import { registryHost } from "../../ecr/region";
import { createToken } from "./authorization-token";
import type { Action, Context } from "./context";
import { EcrException, oneOf, required } from "./exceptions";
import { constrainRegistryPolicy } from "./policy-document";

/*
 * What a registry has once: its policy, the account settings, the login.
 */

/** Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutAccountSetting.html */
const SETTINGS: Readonly<Record<string, { readonly initial: string; readonly values: string[] }>> =
  {
    BASIC_SCAN_TYPE_VERSION: { initial: "AWS_NATIVE", values: ["AWS_NATIVE"] },
    BLOB_MOUNTING: { initial: "DISABLED", values: ["DISABLED", "ENABLED"] },
    REGISTRY_POLICY_SCOPE: { initial: "V2", values: ["V2"] },
  };

function settingOf(name: string | undefined, { registry }: Context) {
  oneOf(required(name, "name"), "name", Object.keys(SETTINGS));
  const setting = SETTINGS[name ?? ""] ?? { initial: "", values: [] };
  return { ...setting, value: registry.settings.get(name ?? "") ?? setting.initial };
}

export const getAccountSetting: Action<GetAccountSettingRequest, GetAccountSettingResponse> = (
  { name },
  context,
) => ({ name, value: settingOf(name, context).value });

export const putAccountSetting: Action<PutAccountSettingRequest, PutAccountSettingResponse> = (
  input,
  context,
) => {
  const name = required(input.name, "name");
  const value = required(input.value, "value");
  oneOf(value, "value", settingOf(name, context).values);
  context.registry.settings.set(name, value);
  return { name, value };
};

function policyOf({ registry }: Context): { registryId: string; policyText: string } {
  if (registry.policy === undefined) {
    throw new EcrException(
      "RegistryPolicyNotFoundException",
      `Registry policy does not exist in the registry with id '${registry.account}'`,
    );
  }
  return { registryId: registry.account, policyText: registry.policy };
}

/** Replaces the policy: a registry has one. */
export const putRegistryPolicy: Action<PutRegistryPolicyRequest, PutRegistryPolicyResponse> = (
  input,
  context,
) => {
  const policyText = required(input.policyText, "policyText");
  constrainRegistryPolicy(policyText);
  context.registry.policy = policyText;
  return policyOf(context);
};

export const getRegistryPolicy: Action<object, GetRegistryPolicyResponse> = (_, context) =>
  policyOf(context);

export const deleteRegistryPolicy: Action<object, DeleteRegistryPolicyResponse> = (_, context) => {
  const deleted = policyOf(context);
  delete context.registry.policy;
  return deleted;
};

export const getAuthorizationToken: Action<object, GetAuthorizationTokenResponse> = (
  _,
  { registry, caller, now },
) => {
  const { token, expiresAt } = createToken(caller, now);
  return {
    authorizationData: [
      {
        authorizationToken: Buffer.from(`AWS:${token}`).toString("base64"),
        expiresAt,
        proxyEndpoint: `https://${registryHost(caller.account, registry.region)}`,
      },
    ],
  };
};
