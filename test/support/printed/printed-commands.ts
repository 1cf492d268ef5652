import { spawn } from 'node:child_process';
import type { CommandResult } from '../command';
import { binary } from '../workbench';

/** Commands that screens, refusals and reports print, taken from the text as a reader would, and run as they stand. */

const verbs =
  'run|check|status|watch|pause|resume|approve|cutover|decide|resolve|abort|rollback|finish|quarantine|report|worker';
const command = new RegExp(`\\browproof (?:${verbs})(?: [^\`\\n#]*)?`, 'g');

/** Each as the words after `rowproof`, once. */
export function printedCommands(text: string): string[][] {
  const bare = text.replace(/\u001b\[[0-9;]*m/g, '');
  // a remark such as `rowproof errors` says nothing that is to be done; what is to be done ends the line or stands between backticks
  const found = [...bare.matchAll(command)].map(([whole]) => wordsOf(whole.trim().replace(/[.,;:]+$/, '')).slice(1));
  return [...new Map(found.map((words) => [JSON.stringify(words), words])).values()];
}

/** As a POSIX shell splits a line, for words without expansions. */
function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quoted = false;
  for (const char of line) {
    if (char === "'") {
      quoted = !quoted;
      word ??= '';
    } else if (char === ' ' && !quoted) {
      if (word !== null) words.push(word);
      word = null;
    } else word = `${word ?? ''}${char}`;
  }
  if (word !== null) words.push(word);
  return words;
}

/** What a command is that goes on until it is stopped: it counts as taken once it has said where the run is, or shows it. */
export const lasting = new Set(['run', 'watch', 'worker']);
const taken =
  /Temporal UI http|: workflow |worker ready|\b(?:discovery|prepare|copy|settle|finish|proof|cutover|delta|done)\b.*\((?:\d+[hm])?\d+[ms]\)/;

/** Runs it as printed. A lasting one is ended once it was taken, with code null. */
export function runPrinted(
  words: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [binary, ...words], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    const endOnce = (): void => {
      if (lasting.has(words[0] ?? '') && taken.test(stderr)) child.kill('SIGKILL');
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      endOnce();
    });
    const late = setTimeout(() => child.kill('SIGKILL'), 150_000);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, stdout, stderr });
    });
  });
}

/** Why a command that was printed did not work: null when it did. A drill or a run that came to no good end was still taken. */
export function refusalOf(words: readonly string[], { code, stderr }: CommandResult): string | null {
  const refused = [2, 3, 4, 5, 6, 70].includes(code ?? 0);
  return refused ? `rowproof ${words.join(' ')} ended with ${code}: ${stderr.slice(-600)}` : null;
}
