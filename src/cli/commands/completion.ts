import type { Command } from 'commander';
import { fail } from '../../errors/rowproof-error';
import type { CommandResult } from '../terminal';

/** A completion script of the commands and their options, for bash, zsh or fish. */
export function completion(program: Command, shell: string): CommandResult {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    options: command.options.map((option) => option.long).filter((name) => name != null),
  }));
  const names = commands.map((command) => command.name).join(' ');
  const cases = commands.map((command) => `    ${command.name}) words="${command.options.join(' ')}" ;;`);
  const bash = [
    '_rowproof() {',
    '  local words current="${COMP_WORDS[COMP_CWORD]}"',
    '  case "${COMP_WORDS[1]}" in',
    ...cases,
    '  esac',
    `  if [ "$COMP_CWORD" -eq 1 ]; then words="${names}"; fi`,
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '  if [ ${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi',
    '}',
    'complete -F _rowproof rowproof',
  ].join('\n');
  const scripts: Record<string, string> = {
    bash,
    zsh: `autoload -U +X bashcompinit && bashcompinit\n${bash}`,
    fish: [
      `complete -c rowproof -n __fish_use_subcommand -f -a "${names}"`,
      ...commands.flatMap((command) =>
        command.options.map(
          (option) => `complete -c rowproof -n "__fish_seen_subcommand_from ${command.name}" -l ${option.slice(2)}`,
        ),
      ),
    ].join('\n'),
  };
  const script = scripts[shell];
  if (script === undefined)
    throw fail('RP9001', `There is no completion for ${shell}.`, { fix: 'Use bash, zsh or fish.' });
  return { data: { shell, script }, text: script };
}
