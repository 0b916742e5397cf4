import { registryHost } from "../../ecr/region";
import { upstreamNames, upstreamOf } from "../../ecr/upstreams";

/*
 * The names of AWS and the upstream registries, by which the sandbox answers as an HTTPS proxy.
 */

/** The domain of AWS's services in a region. */
function domainOf(region: string): string {
  return registryHost("", region).replace(/^\.dkr\.ecr\./, "");
}

/**
 * The S3 bucket of ECR's layers in a region.
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
 */
export function layerHost(region: string): string {
  return `prod-${region}-starport-layer-bucket.s3.${domainOf(region)}`;
}

/**
 * The hosts by which the sandbox answers; `*` is for one label, as in certificates: ECR's registries and API, S3 and the
 * other services in some regions, and the upstream registries.
 */
export function sandboxHosts(regions: readonly string[]): string[] {
  return [
    ...[...new Set(regions)]
      .map(domainOf)
      .flatMap((domain) => [
        `*.dkr.ecr.${domain}`,
        `*.ecr.${domain}`,
        `*.s3.${domain}`,
        `*.${domain}`,
      ]),
    ...upstreamNames.flatMap((name) => upstreamOf(name).imageHosts),
    // Azure's customers have registries of their own; those of ECR are above.
    "*.azurecr.io",
  ];
}

/** Whether a list of hosts covers one. */
export function coversHost(hosts: readonly string[], host: string): boolean {
  return hosts.includes(host) || hosts.includes(host.replace(/^[^.]+/, "*"));
}
