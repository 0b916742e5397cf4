// Writes storage-prices.json from price lists that AWS publishes (storage-prices.mjs says where), for the regions in them; the
// other regions keep what they have:
//
//   npm run storage-prices FILE...
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, URL } from "node:url";
import { format } from "prettier";
import { storagePrices } from "./storage-prices.mjs";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error(
    "found no file; allowed: price lists of AmazonECR, index.json for all or for one region",
  );
  process.exit(2);
}
const table = fileURLToPath(new URL("storage-prices.json", import.meta.url));
const known = JSON.parse(readFileSync(table, "utf8"));
for (const file of files) {
  const { asOf, usdPerGbMonth } = storagePrices(JSON.parse(readFileSync(file, "utf8")));
  const source =
    "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonECR/current/index.json";
  for (const [region, usd] of Object.entries(usdPerGbMonth)) {
    known[region] = { usdPerGbMonth: usd, source, asOf };
  }
}
const sorted = Object.fromEntries(Object.entries(known).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(table, await format(JSON.stringify(sorted), { parser: "json" }));
