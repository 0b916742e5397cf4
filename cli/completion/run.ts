import type { Command, Option } from "commander";
import type { Environment } from "../../ecr/environment";
import { loadEnvironments } from "../shell/context";
import type { Shell } from "./shells";

/** What a user evaluates: each asks the command for the words, and leaves files to the shell where there are none. */
export const scripts: Readonly<Record<Shell, string>> = {
  bash: `_ecr_cache() {
  local IFS=$'\\n'
  COMPREPLY=($(ecr-cache completion bash -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _ecr_cache ecr-cache
`,
  zsh: `_ecr_cache() {
  local -a found
  found=(\${(f)"$(ecr-cache completion zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( $#found )); then compadd -- $found; else _files; fi
}
compdef _ecr_cache ecr-cache
`,
  fish: `function __ecr_cache_words
  set -l words (commandline -opc) (commandline -ct)
  ecr-cache completion fish -- $words[2..-1] 2>/dev/null
end
complete -c ecr-cache -a '(__ecr_cache_words)'
`,
};

const takesValue = (option: Option | undefined) =>
  option !== undefined && (option.required || option.optional);

const findOption = (command: Command, word: string | undefined) =>
  command.options.find(({ long, short }) => word !== undefined && [long, short].includes(word));

/** The command that words name, and how many arguments they give it. */
function readWords(program: Command, words: readonly string[]): [Command, number] {
  let command = program;
  let given = 0;
  for (const [at, word] of words.entries()) {
    if (word.startsWith("-") || takesValue(findOption(command, words[at - 1]))) continue;
    const next = command.commands.find((each) => each.name() === word);
    if (next) command = next;
    else given += 1;
  }
  return [command, given];
}

/** The environments; none where one of them is wrong: the command itself says so, a completion can't. */
async function environmentsIfSound(): Promise<readonly Environment[]> {
  return loadEnvironments().catch(() => []);
}

async function valuesOf(option: Option, words: readonly string[]): Promise<readonly string[]> {
  if (option.long === "--env") return (await environmentsIfSound()).map(({ name }) => name);
  if (option.long === "--region") {
    const name = words[words.lastIndexOf("--env") + 1];
    const environments = await environmentsIfSound();
    const named = environments.filter((environment) => environment.name === name);
    return (named.length > 0 ? named : environments).flatMap(({ regions }) => regions);
  }
  return option.argChoices ?? [];
}

function wordsOf(program: Command, command: Command, given: number): readonly string[] {
  const argument = command.registeredArguments[given];
  const names = program
    .createHelp()
    .visibleCommands(command)
    .map((each) => each.name());
  return [...names, ...(argument?.argChoices ?? [])];
}

/**
 * What the last word of a command line may become, sorted.
 *
 * @param words What follows the program's name, to the cursor; the last one may be empty.
 */
export async function complete(program: Command, words: readonly string[]): Promise<string[]> {
  const last = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const [command, given] = readWords(program, before);
  const option = findOption(command, before.at(-1));
  const candidates =
    option && takesValue(option)
      ? await valuesOf(option, before)
      : last.startsWith("-")
        ? program
            .createHelp()
            .visibleOptions(command)
            .flatMap(({ long }) => long ?? [])
        : wordsOf(program, command, given);
  return [...new Set(candidates)].filter((word) => word.startsWith(last)).sort();
}
