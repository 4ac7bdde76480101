/** Shell code that asks `drawbridge complete` for candidates. Without any, files are offered. */

/** Shells that are served. */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const bash = `# bash completion for drawbridge
_drawbridge() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _drawbridge drawbridge
`;

const zsh = `#compdef drawbridge
# zsh completion for drawbridge
_drawbridge() {
  local -a found
  found=("\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    compadd -- "\${found[@]}"
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == "_drawbridge" ]]; then
  _drawbridge "$@"
else
  compdef _drawbridge drawbridge
fi
`;

const fish = `# fish completion for drawbridge
function __drawbridge_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  set -l found (command $words[1] complete -- $words[2..-1] "$word" 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path "$word"
  end
end
complete -c drawbridge -f -a '(__drawbridge_complete)'
`;

const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/** The code for one shell. */
export function completionScript(shell: Shell): string {
  return scripts[shell];
}
