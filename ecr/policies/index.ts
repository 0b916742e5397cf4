/* Who may do what, as policy documents: the one place where permissions are written down. */

export * from "./cache";
export * from "./document";
export * from "./maintenance";
export * from "./service-roles";
