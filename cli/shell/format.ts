/*
 * Numbers and times as people read them.
 */

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"] as const;

/** A number of bytes with three digits that matter: `0 B`, `1.23 MB`, `45.6 GB`. Decimal units, as ECR's console has. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 of a unit would be shown as 1000 of it.
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${UNITS[unit]}`;
}

/** Dollars: cents below a hundred, and what is less than a cent as that. */
export function formatUsd(dollars: number): string {
  if (dollars > 0 && dollars < 0.01) return "< $0.01";
  const digits = dollars < 100 ? 2 : 0;
  return `$${dollars.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits })}`;
}

/** A price in dollars: in cents, and fractions of them where it has any. */
export function formatPrice(dollars: number): string {
  return `$${dollars.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 6 })}`;
}

/** The time between two moments in one unit: `45m`, `7h`, `23d`. */
export function formatAge(then: Date, now: Date): string {
  const minutes = Math.max(0, Math.floor((now.getTime() - then.getTime()) / 60_000));
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

/** A day in UTC: `2026-11-24`. */
export function formatDay(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** A digest's beginning, long enough to tell images apart: `sha256:0123456789ab`. */
export function shortDigest(digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return `${algorithm}:${hex.slice(0, 12)}`;
}

/** A whole number with its thousands set apart: `12,345`. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-US");
}
