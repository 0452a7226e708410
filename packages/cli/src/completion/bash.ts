import { posixTable } from "./posix.ts";
import type { CompletionTable } from "./table.ts";

/** Completion for bash, 3.2 and newer. */
export function bashScript(table: CompletionTable): string {
  return `# Completion of seg for bash.
${posixTable(table)}

${BASH}`;
}

const BASH = `_seg() {
  local current=\${COMP_WORDS[COMP_CWORD]} command= joined= choices= files= assigns= many= free= at word
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; at++)); do
    word=\${COMP_WORDS[at]}
    if [[ $word != -* ]]; then command=$word; break; fi
    # Nothing comes after these.
    case $word in -h|--help|-V|--version) return 0 ;; esac
  done
  # bash takes --flag=value for three words.
  at=$((COMP_CWORD - 1))
  if [[ $current == = ]]; then
    joined=1 current=
  elif [[ \${COMP_WORDS[at]} == = ]]; then
    joined=1 at=$((at - 1))
  fi
  if [[ $current == -* && -z $joined ]]; then
    [[ $current != --* ]] || current=\${current//_/-}
    _seg_words "$(_seg_flags "$command" | sed 's/:.*//')"
    return
  fi
  if [[ -z $command ]]; then
    _seg_words "$_seg_commands"
    return
  fi
  if ! _seg_values "$command" "\${COMP_WORDS[at]}"; then
    [[ -z $joined ]] || return 0
    # A flag before takes more values, or none.
    while ((at > 1)) && [[ \${COMP_WORDS[at]} != -* ]]; do at=$((at - 1)); done
    _seg_values "$command" "\${COMP_WORDS[at]}" && [[ -n $many ]] || _seg_values "$command" '' || return 0
    free=1
  fi
  if [[ -n $assigns ]]; then
    _seg_words "$_seg_keys" =
    type compopt >/dev/null 2>&1 && compopt -o nospace
    return
  fi
  if [[ -n $free && ( $current == [A-Z]* || -z $choices$files ) ]] && _seg_takes_keys "$command"; then
    choices="$choices $_seg_keys"
  fi
  _seg_words "$choices"
  # Where no word fits; readline knows how names are quoted.
  if [[ \${#COMPREPLY[@]} == 0 ]] && type compopt >/dev/null 2>&1; then
    case $files in
      file) compopt -o default ;;
      folder) compopt -o dirnames ;;
    esac
  fi
}

_seg_words() {
  local IFS=$' \\n'
  COMPREPLY=($(compgen -S "$2" -W "$1" -- "$current"))
}

if type compopt >/dev/null 2>&1; then complete -F _seg seg; else complete -o default -F _seg seg; fi
`;
