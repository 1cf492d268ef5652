import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, CommanderError } from 'commander';
import { createProgram } from '../../../src/cli/program';

/** Command lines of rowproof in texts, and what its real parser makes of them; nothing is carried out. */

/** Words after `rowproof`, as a POSIX shell splits them; a remark ends the line. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (const char of line) {
    if (quote !== null) {
      if (char === quote) quote = null;
      else word = `${word ?? ''}${char}`;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '#' && word === null) break;
    else word = `${word ?? ''}${char}`;
  }
  if (word !== null) words.push(word);
  return words.slice(1);
}

/** Why the parser does not take these words as they stand: null when it does. */
export async function usageError(words: readonly string[]): Promise<string | null> {
  let said = '';
  const program = createProgram(() => Promise.resolve());
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeOut: () => undefined, writeErr: (text) => (said += text) });
    command.commands.forEach(quiet);
  };
  quiet(program);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return null;
  } catch (error) {
    if ((error as CommanderError).exitCode === 0) return null;
    return said.split('\n')[0] || String(error);
  }
}

const verbs = createProgram(() => Promise.resolve())
  .commands.map((command) => command.name())
  .join('|');

/** Lines of code blocks, and what stands between backticks; a bare `rowproof run` names the command, and is none to be run. */
export function commandsOfPage(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/^```(?:\w*)\n([\s\S]*?)^```/gm)].map(([, code]) => code as string);
  const prose = markdown.replace(/^```[\s\S]*?^```/gm, '');
  const spans = [...prose.matchAll(/`(rowproof [^`]+)`/g)].map(([, span]) => (span as string).replace(/\s+/g, ' '));
  const lines = blocks.flatMap((code) => code.replaceAll('\\\n', ' ').split('\n'));
  const inBlocks = lines.flatMap((line) => [...line.matchAll(new RegExp(`\\browproof (?:${verbs})\\b[^\`]*`, 'g'))]);
  return [...spans.filter((span) => span.split(' ').length > 2), ...inBlocks.map(([whole]) => whole)];
}

/** What string literals of a source file print as commands; whatever is filled in stands as one word. */
export function commandsOfSource(code: string): string[] {
  const bare = code.replace(/^\s*(?:\/\/|\*|\/\*\*).*$/gm, '').replaceAll('\\`', '`');
  const filled = bare.replace(/\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}/g, 'X');
  return [...filled.matchAll(new RegExp(`\`(rowproof (?:${verbs})\\b[^\`\\n]*)\``, 'g'))].map(
    ([, one]) => one as string,
  );
}

export function filesUnder(folder: string, ending: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));
}

export const textOf = (file: string): string => readFileSync(file, 'utf8');
