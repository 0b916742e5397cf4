import type { ExistingPolicies } from "../../ecr/existing-policies";
import type { MaintenanceFunctionName } from "../../ecr/maintenance-resources";

interface CommonVariables {
  /** The environment's name. */
  readonly ENVIRONMENT: string;
}

interface ReconcileVariables extends CommonVariables {
  /** The prefixes of the environment's rules, separated by commas. */
  readonly PREFIXES: string;
  /** Those of other environments in the same registry; absent if there are none. */
  readonly NEIGHBOUR_PREFIXES?: string;
  readonly EXISTING_POLICIES: ExistingPolicies;
  /** What the scheduled run prunes, as JSON of `Prune`; absent if nothing. */
  readonly PRUNE?: string;
}

interface NotifyVariables extends CommonVariables {
  /** The ARN of the topic for notifications. */
  readonly TOPIC_ARN: string;
}

/** The environment variables of each function: the stack sets them, the function reads them. */
export interface LambdaVariables extends Record<MaintenanceFunctionName, CommonVariables> {
  readonly reconcile: ReconcileVariables;
  readonly notify: NotifyVariables;
}

/** The name of a variable of either function. */
export type LambdaVariableName = keyof ReconcileVariables | keyof NotifyVariables;
