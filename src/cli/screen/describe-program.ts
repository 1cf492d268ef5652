import type { Argument, Command, Option } from 'commander';
import { exitCodes } from '../exit-codes';

/** The command line as Markdown, from the program itself: docs/cli.md. */
export function describeProgram(program: Command): string {
  const commands = program.commands.flatMap((command) =>
    command.commands.length === 0 ? [command] : [...command.commands],
  );
  const lines = [
    '# Command line',
    '',
    'This page is generated from the program by `npm run docs`; `rowproof COMMAND --help` says the same.',
    '',
    program.description(),
    '',
    'stdout carries data; stderr carries progress, hints and errors. Every command takes `--output text|json|ndjson`, before or after',
    'its name. With `json` stdout is one JSON document, with `ndjson` one per line; an error is then a document',
    '`{"error": {"problems": [...]}}` on stdout. RUN defaults to the latest run that was started from this folder.',
    '',
    '## Commands',
    '',
    ...commands.map((command) => `- [\`${path(command)}\`](#${anchor(command)}): ${command.description()}`),
    ...commands.flatMap(section),
    '',
    '## Exit codes',
    '',
    '| code | meaning |',
    '|---|---|',
    ...Object.values(exitCodes).map(({ code, means }) => `| ${code} | ${means} |`),
  ];
  return `${lines.join('\n')}\n`;
}

function section(command: Command): string[] {
  const args = command.registeredArguments;
  const options = command.options.filter((option) => option.long !== '--output');
  return [
    '',
    `### rowproof ${path(command)}`,
    '',
    `${capital(command.description())}.`,
    '',
    '```',
    ['rowproof', path(command), ...args.map(shown), ...options.filter((one) => one.mandatory).map((one) => one.flags)]
      .concat(options.some((one) => !one.mandatory) ? ['[options]'] : [])
      .join(' '),
    '```',
    ...table(
      ['argument', 'meaning'],
      args.filter((arg) => arg.description !== '').map((arg) => [`\`${shown(arg)}\``, arg.description]),
    ),
    ...table(
      ['option', 'meaning'],
      options.map((option) => [`\`${option.flags.replaceAll('|', '\\|')}\``, meaning(option)]),
    ),
  ];
}

function path(command: Command): string {
  const parent = command.parent;
  return parent === null || parent.parent === null ? command.name() : `${parent.name()} ${command.name()}`;
}

function anchor(command: Command): string {
  return `rowproof-${path(command).replaceAll(' ', '-')}`;
}

function shown(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

function meaning(option: Option): string {
  const facts = [
    ...(option.mandatory ? ['required'] : []),
    ...(option.argChoices === undefined ? [] : [`one of ${option.argChoices.map((one) => `\`${one}\``).join(', ')}`]),
    ...(option.defaultValue === undefined ? [] : [`default \`${String(option.defaultValue)}\``]),
  ];
  return [option.description, ...facts].filter((part) => part !== '').join('; ');
}

function table(head: readonly [string, string], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return ['', `| ${head.join(' | ')} |`, '|---|---|', ...rows.map((row) => `| ${row.join(' | ')} |`)];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
