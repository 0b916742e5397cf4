import {
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRolePolicyCommand,
  IAMClient,
  paginateListAttachedRolePolicies,
  paginateListRolePolicies,
} from "@aws-sdk/client-iam";
import { ACCOUNT_HEADER, type Moto } from "../moto-client";

function clientOf({ url, account }: Moto): IAMClient {
  const client = new IAMClient({
    endpoint: url,
    region: "us-east-1",
    credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" },
  });
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers[ACCOUNT_HEADER] = account;
      return next(args);
    },
    { step: "build", name: "account" },
  );
  return client;
}

const decode = (document: string | undefined) => decodeURIComponent(document ?? "{}");

async function policiesOf(client: IAMClient, RoleName: string): Promise<string[]> {
  const texts: string[] = [];
  for await (const { PolicyNames = [] } of paginateListRolePolicies({ client }, { RoleName })) {
    for (const PolicyName of PolicyNames) {
      const inline = await client.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
      texts.push(decode(inline.PolicyDocument));
    }
  }
  for await (const page of paginateListAttachedRolePolicies({ client }, { RoleName })) {
    for (const { PolicyArn } of page.AttachedPolicies ?? []) {
      const { Policy } = await client.send(new GetPolicyCommand({ PolicyArn }));
      const version = await client.send(
        new GetPolicyVersionCommand({ PolicyArn, VersionId: Policy?.DefaultVersionId }),
      );
      texts.push(decode(version.PolicyVersion?.Document));
    }
  }
  return texts;
}

/**
 * The policies of a role, inline and attached, as moto keeps them.
 *
 * @throws NoSuchEntityException where there is no such role.
 */
export async function readRolePolicies(moto: Moto, role: string): Promise<string[]> {
  const client = clientOf(moto);
  try {
    return await policiesOf(client, role);
  } finally {
    client.destroy();
  }
}
