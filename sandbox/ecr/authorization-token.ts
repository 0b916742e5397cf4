import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Caller } from "./authorization";

/*
 * The tokens of GetAuthorizationToken: passwords of the user AWS that say who the caller is, for twelve hours.
 *
 * Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
 */

/** How long a token is valid, in milliseconds. */
const LIFETIME = 12 * 60 * 60 * 1000;

/** Tokens are valid for this process only. */
const key = randomBytes(32);

export interface AuthorizationToken {
  readonly caller: Caller;
  readonly expiresAt: Date;
}

function sign(claims: string): Buffer {
  return createHmac("sha256", key).update(claims).digest();
}

/** Creates the password of a caller. */
export function createToken(caller: Caller, now: Date): { token: string; expiresAt: Date } {
  const expiresAt = new Date(now.getTime() + LIFETIME);
  const claims = Buffer.from(JSON.stringify({ caller, expiresAt })).toString("base64url");
  return { token: `${claims}.${sign(claims).toString("base64url")}`, expiresAt };
}

/** What a password says; undefined where it is not one of ours. */
export function readToken(token: string): AuthorizationToken | undefined {
  const [claims = "", signature = ""] = token.split(".");
  const given = Buffer.from(signature, "base64url");
  const expected = sign(claims);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const { caller, expiresAt } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
    caller: Caller;
    expiresAt: string;
  };
  return { caller, expiresAt: new Date(expiresAt) };
}
