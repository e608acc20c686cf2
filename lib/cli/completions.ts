// Completion scripts for bash, zsh and fish, made from the options table: flags, the values that can be listed,
// option names after --set, files where a path is wanted.

import {
  type AnyOption,
  type GeneralFlag,
  generalFlags,
  optionList,
  type Shell,
  shells,
} from "./options_table.ts";

/** A script for the shell to read: `source <(mitm completions bash)`. */
export function completionScript(shell: Shell): string {
  switch (shell) {
    case "bash":
      return bashScript();
    case "zsh":
      return zshScript();
    case "fish":
      return fishScript();
  }
}

/** What every script needs to know about a flag. */
interface Completed {
  readonly flag: string;
  readonly short: string | null;
  readonly help: string;
  /** null: no value. */
  readonly valueName: string | null;
  readonly valueOptional: boolean;
  readonly choices: readonly string[];
  readonly path: "file" | "folder" | null;
  readonly repeatable: boolean;
}

const setNames = optionList.map((option) => option.name + "=");

const completed: readonly Completed[] = [
  ...optionList.map(fromOption),
  ...Object.values(generalFlags).map(fromFlag),
];

function fromOption(option: AnyOption): Completed {
  return {
    flag: option.flag,
    short: option.short ?? null,
    help: option.help,
    valueName: option.valueName,
    valueOptional: option.bare !== null,
    choices: option.type.choices,
    path: option.type.path,
    repeatable: option.type.shape === "list",
  };
}

function fromFlag(flag: GeneralFlag): Completed {
  const sets = flag.flag === generalFlags.set.flag;
  return {
    flag: flag.flag,
    short: flag.short ?? null,
    help: flag.help,
    valueName: flag.valueName,
    valueOptional: false,
    choices: sets ? setNames : [],
    path: null,
    repeatable: sets,
  };
}

function spellings({ flag, short }: Completed): string[] {
  return short === null ? [flag] : [short, flag];
}

function bashScript(): string {
  const flags = completed.flatMap(spellings).join(" ");
  const cases: string[] = [];
  for (const one of completed) {
    if (one.valueName === null) continue;
    // After an optional value's flag, other flags may follow as well.
    if (one.valueOptional) continue;
    cases.push(`    ${spellings(one).join("|")}) ${bashReply(one)}; return ;;`);
  }
  // After `--set name=`, bash sees the name as the word before the equals sign.
  for (const option of optionList) {
    if (option.type.choices.length > 0) {
      cases.push(
        `    ${option.name}) ${bashReply({ ...fromOption(option), valueName: "VALUE" })}; return ;;`,
      );
    }
  }
  return `# bash completion for mitm; read it with: source <(mitm completions bash)
_mitm() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  # bash splits words at "=": --flag=value is three words.
  if [[ $current == "=" ]]; then
    current=""
  elif [[ $previous == "=" && COMP_CWORD -ge 2 ]]; then
    previous="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  COMPREPLY=()
  case "$previous" in
${cases.join("\n")}
    completions) COMPREPLY=($(compgen -W "${shells.join(" ")}" -- "$current")); return ;;
  esac
  if [[ \${COMP_WORDS[COMP_CWORD]} == "=" || \${COMP_WORDS[COMP_CWORD-1]} == "=" ]]; then return; fi
  COMPREPLY=($(compgen -W "${flags} completions" -- "$current"))
}
complete -F _mitm mitm
`;
}

function bashReply({ path, choices }: Completed): string {
  if (path === "file") return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current"))`;
  if (path === "folder") return `compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current"))`;
  if (choices.length === 0) return "COMPREPLY=()";
  const open = choices.some(isOpen) ? "compopt -o nospace 2>/dev/null; " : "";
  return `${open}COMPREPLY=($(compgen -W "${choices.join(" ")}" -- "$current"))`;
}

/** A choice that is only the beginning of a value: "tcp_hosts=", "reverse:http://". */
function isOpen(choice: string): boolean {
  return choice.endsWith("=") || choice.endsWith("/");
}

function zshScript(): string {
  const specifications = completed.map(zshSpecification);
  return `#compdef mitm
# zsh completion for mitm; read it with: source <(mitm completions zsh)
_mitm() {
  _arguments -s \\
${specifications.map((line) => `    ${line} \\`).join("\n")}
    '1:command:(completions)' \\
    '2:shell:(${shells.join(" ")})'
}
if [[ "$funcstack[1]" == "_mitm" ]]; then
  _mitm "$@"
else
  compdef _mitm mitm
fi
`;
}

function zshSpecification(one: Completed): string {
  const { flag, short, help, valueName, valueOptional, repeatable } = one;
  const takesValue = valueName !== null;
  // "+": the value may follow in the same word; "=": or after an equals sign.
  const shortForm = short === null ? null : short + (takesValue && !valueOptional ? "+" : "");
  const longForm = flag + (takesValue && !valueOptional ? "=" : "");
  const rest = zshQuote(
    `[${help.replace(/[[\]\\]/g, "\\$&")}]` +
      (takesValue ? `${valueOptional ? "::" : ":"}${zshEscape(valueName)}:${zshAction(one)}` : ""),
  );
  if (shortForm === null) return (repeatable ? "'*'" : "") + longForm + rest;
  const others = repeatable ? "'*'" : `'(${short} ${flag})'`;
  return `${others}{${shortForm},${longForm}}${rest}`;
}

function zshAction({ path, choices }: Completed): string {
  if (path === "file") return "_files";
  if (path === "folder") return "_files -/";
  if (choices.length === 0) return " ";
  const open = choices.some(isOpen) ? " -S ''" : "";
  return `compadd${open} -- ${choices.map(zshEscape).join(" ")}`;
}

function zshEscape(text: string): string {
  return text.replace(/[:\\]/g, "\\$&");
}

function zshQuote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishScript(): string {
  const lines = completed.map((one) => {
    const words = ["complete -c mitm"];
    if (one.short !== null) words.push(`-s ${one.short.slice(1)}`);
    words.push(`-l ${one.flag.slice("--".length)}`);
    if (one.valueName !== null && !one.valueOptional) {
      if (one.path === "file") words.push("-r -F");
      else if (one.path === "folder") words.push(`-x -a "(__fish_complete_directories)"`);
      else if (one.choices.length > 0) words.push(`-x -a "${one.choices.join(" ")}"`);
      else words.push("-x");
    }
    return [...words, `-d ${fishQuote(one.help)}`].join(" ");
  });
  return `# fish completion for mitm; read it with: mitm completions fish | source
complete -c mitm -f
${lines.join("\n")}
complete -c mitm -n __fish_use_subcommand -a completions -d 'Print a completion script for a shell.'
complete -c mitm -n '__fish_seen_subcommand_from completions' -a "${shells.join(" ")}"
`;
}

function fishQuote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
