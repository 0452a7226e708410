import { posixTable } from "./posix.ts";
import type { CompletionTable } from "./table.ts";

/** Completion for zsh. */
export function zshScript(table: CompletionTable): string {
  return `#compdef seg
# Completion of seg for zsh.
${posixTable(table)}

${ZSH}`;
}

const ZSH = `_seg() {
  local current=$words[CURRENT] command= owner= choices= files= assigns= many= free= at word
  local -a about
  for ((at = 2; at < CURRENT; at++)); do
    word=$words[at]
    if [[ $word != -* ]]; then command=$word; break; fi
    # Nothing comes after these.
    case $word in -h|--help|-V|--version) return 0 ;; esac
  done
  if [[ $current == -*=* || $current == [A-Z]*=* ]]; then
    owner=\${current%%=*}
    compset -P '*='
    # --set KEY=
    _seg_values "$command" "$owner" || return 1
  elif [[ $current == -* ]]; then
    PREFIX=\${PREFIX//_/-}
    about=("\${(@f)$(_seg_flags "$command")}")
    _describe -o flag about
    return
  elif [[ -z $command ]]; then
    about=("\${(@f)$(_seg_about)}")
    _describe command about
    return
  else
    at=$((CURRENT - 1))
    if ! _seg_values "$command" "$words[at]"; then
      # A flag before takes more values, or none.
      while ((at > 2)) && [[ $words[at] != -* ]]; do at=$((at - 1)); done
      _seg_values "$command" "$words[at]" && [[ -n $many ]] || _seg_values "$command" '' || return 1
      free=1
    fi
  fi
  if [[ -n $assigns ]]; then
    compadd -S = -- \${=_seg_keys}
    return
  fi
  if [[ -n $free && ( $current == [A-Z]* || -z $choices$files ) ]] && _seg_takes_keys "$command"; then
    choices="$choices $_seg_keys"
  fi
  [[ -z $choices ]] || compadd -- \${=choices}
  case $files in
    file) _files ;;
    folder) _files -/ ;;
  esac
}

# Loaded by compinit from a folder of functions, or read by source.
if [[ \${funcstack[1]} == _seg ]]; then _seg "$@"; else compdef _seg seg; fi
`;
