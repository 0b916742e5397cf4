import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { registryHost } from "../ecr/region";
import { callJson } from "./moto-client";
import type { Sandbox } from "./sandbox";

/** A password of the user AWS for the registries of the sandbox's account, as `aws ecr get-login-password` prints it. */
export async function getPassword(sandbox: Pick<Sandbox, "url" | "account">, region: string) {
  const target = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken";
  const { ok, text } = await callJson(sandbox, "ecr", region, target, {});
  if (!ok) throw new Error(text);
  const { authorizationData } = JSON.parse(text) as {
    authorizationData: [{ authorizationToken: string }];
  };
  const login = Buffer.from(authorizationData[0].authorizationToken, "base64").toString();
  return login.slice("AWS:".length);
}

/**
 * The environment in which a container client works in the sandbox by the names of AWS, logged in to the account's registry in
 * a region: skopeo, podman and buildah by `REGISTRY_AUTH_FILE`; `REGISTRY_LOGIN` is the user and password for others.
 *
 * @param directory where the files of the login and the certificate are written
 * @param password default: a new one of the account's administrator
 * @throws Error where the sandbox has no proxy.
 */
export async function clientEnvironment(
  sandbox: Pick<Sandbox, "url" | "account" | "certificateAuthority" | "env">,
  region: string,
  directory: string,
  password?: string,
): Promise<Record<string, string>> {
  if (sandbox.certificateAuthority === undefined) throw new Error("the sandbox has no proxy");
  const authority = join(directory, "client-ca.pem");
  writeFileSync(authority, sandbox.certificateAuthority);
  const logins = join(directory, "client-auth.json");
  const login = `AWS:${password ?? (await getPassword(sandbox, region))}`;
  const auth = Buffer.from(login).toString("base64");
  const auths = { [registryHost(sandbox.account, region)]: { auth } };
  writeFileSync(logins, JSON.stringify({ auths }), { mode: 0o600 });
  return {
    ...sandbox.env,
    HTTPS_PROXY: sandbox.url,
    SSL_CERT_FILE: authority,
    REGISTRY_AUTH_FILE: logins,
    REGISTRY_LOGIN: login,
  };
}
