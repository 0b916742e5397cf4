import { changes } from "./attributes";
import { code, IMPORTED, note, type Note, risk } from "./finding";
import type { Attributes, ResourceChange } from "./plan";
import type { Context } from "./review-context";

/*
 * What a plan does to the scanning configuration of a registry.
 */

interface RuleBlock {
  readonly scan_frequency?: string;
  readonly repository_filter?: readonly { readonly filter?: string }[];
}

/** Each filter with its frequency, such as `SCAN_ON_PUSH quay/*`. */
function filtersOf({ rule }: Attributes): string[] {
  const rules = Array.isArray(rule) ? (rule as RuleBlock[]) : [];
  return rules
    .flatMap(({ scan_frequency: frequency = "", repository_filter: filters = [] }) =>
      filters.map(({ filter = "" }) => `${frequency} ${filter}`),
    )
    .sort();
}

const listed = (filters: readonly string[]) => filters.map(code).join(", ");

export function scanningNotes(change: ResourceChange, context: Context): Note[] {
  const { action, before, after, region } = change;
  if (action === "none") return [];
  if (action === "destroy") {
    return [
      risk(
        "scanning-reduced",
        "is **destroyed**",
        "the registry has basic scanning without rules again: nothing is scanned on push",
      ),
    ];
  }
  if (action === "forget") return [note("is **forgotten** by Terraform; it remains as it is")];
  const [from, to] = [filtersOf(before), filtersOf(after)];
  const gained = to.filter((filter) => !from.includes(filter));
  if (action === "create") {
    const isGuarded = context.guardedScanning.has(region ?? "");
    return [
      isGuarded
        ? note("is **created**")
        : risk(
            "scanning-reduced",
            "is **created**",
            `a registry has one scanning configuration, and this one replaces the rules that exist: look first (${code("aws ecr get-registry-scanning-configuration")}), or adopt it (${code('adopt: ["scanning"]')})`,
          ),
      note(`scans ${listed(gained)} (${code(String(after.scan_type))})`),
    ];
  }
  // The images of a rule that goes need no scan.
  const isGoing = (filter: string) => {
    const name = filter.split(" ")[1] ?? "";
    return context.goingRules.has(`${region} ${name === "*" ? "ROOT" : name.replace(/\/\*$/, "")}`);
  };
  const lost = from.filter((filter) => !to.includes(filter) && !isGoing(filter));
  const type = changes(change, "scan_type", "the type of scanning");
  return [
    ...(action === "import" ? [IMPORTED] : []),
    ...(before.scan_type !== after.scan_type
      ? [after.scan_type === "BASIC" ? risk("scanning-reduced", type) : note(type)]
      : []),
    ...(lost.length > 0 ? [risk("scanning-reduced", `no longer scans ${listed(lost)}`)] : []),
    ...(gained.length > 0 ? [note(`scans ${listed(gained)}`)] : []),
  ];
}
