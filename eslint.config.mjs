import js from "@eslint/js";
import tseslint from "typescript-eslint";

/**
 * Which folders a folder may import from, besides itself (design: arrows point one way). `packages` are those that it
 * must not load: a command must not pay for cdktf, and what has no I/O must not reach for it.
 */
const layers = {
  ecr: {
    knows: [],
    packages: ["cdktf", "constructs", "@cdktf/*", "@aws-sdk/*", "node:fs*", "commander"],
  },
  environments: { knows: ["ecr"], packages: ["cdktf", "constructs", "@cdktf/*", "@aws-sdk/*"] },
  constructs: { knows: ["ecr", "reconcile"], packages: ["@aws-sdk/*"] },
  stacks: { knows: ["ecr", "constructs"], packages: ["@aws-sdk/*"] },
  rewrite: {
    knows: ["ecr"],
    packages: ["cdktf", "constructs", "@cdktf/*", "@aws-sdk/*", "node:fs*"],
  },
  registry: { knows: ["ecr"], packages: ["cdktf", "constructs", "@cdktf/*"] },
  reconcile: { knows: ["ecr", "registry"], packages: ["cdktf", "constructs", "@cdktf/*"] },
  cli: {
    knows: ["ecr", "environments", "rewrite", "registry", "reconcile"],
    packages: ["cdktf", "constructs", "@cdktf/*"],
  },
  sandbox: { knows: ["ecr", "environments"], packages: ["cdktf", "constructs", "@cdktf/*"] },
};

const providerBarrel = {
  name: "@cdktf/provider-aws",
  message: "The barrel costs seconds and a gigabyte: import @cdktf/provider-aws/lib/… instead.",
};

const folders = [...Object.keys(layers), "bench", "__tests__"];

const layerRules = Object.entries(layers).map(([folder, { knows, packages }]) => {
  const hidden = folders.filter((other) => other !== folder && !knows.includes(other));
  return {
    files: [`${folder}/**/*.ts`],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [providerBarrel],
          patterns: [
            {
              regex: `^(\\.\\./)+(${hidden.join("|")}|main)(/|$)`,
              message: `${folder}/ may import from ${["itself", ...knows].join(", ")} only.`,
            },
            { group: packages, message: `${folder}/ must not load this package.` },
          ],
        },
      ],
    },
  };
});

export default tseslint.config(
  {
    ignores: [
      "node_modules/",
      "cdktf.out/",
      ".gen/",
      "coverage/",
      ".test-results/",
      "**/fixtures/",
    ],
  },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.recommendedTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "no-restricted-imports": ["error", { paths: [providerBarrel] }],
    },
  },
  ...layerRules,
  {
    files: ["**/*.mjs", "**/*.js", "**/*.cjs"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        require: "readonly",
        module: "writable",
        __dirname: "readonly",
      },
    },
  },
);
