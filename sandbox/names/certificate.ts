import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { findProgram } from "../../host/find-program";

/** A private key and a certificate that is its own authority, in PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
  /** The hosts that it is for, with `*` for one label. */
  readonly hosts: readonly string[];
}

/** Creates a certificate for some hosts; undefined where the machine has no openssl, which takes 10 ms for it. */
export async function createCertificate(
  hosts: readonly string[],
): Promise<Certificate | undefined> {
  const openssl = findProgram("openssl");
  if (openssl === undefined) return undefined;
  const names = hosts.map((host) => `DNS:${host}`).join(",");
  const child = spawn(
    openssl,
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "30", "-subj", "/CN=ecr-cache sandbox", "-addext", `subjectAltName=${names}`],
      ...["-keyout", "-", "-out", "-"],
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  const [key] = /-----BEGIN PRIVATE KEY-----[^]*?-----END PRIVATE KEY-----\n/.exec(output) ?? [];
  const [cert] = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n/.exec(output) ?? [];
  if (code !== 0 || key === undefined || cert === undefined) {
    throw new Error(`openssl ended with ${code}: ${errors}`);
  }
  return { key, cert, hosts };
}
