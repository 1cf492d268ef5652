import { existsSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Catalog } from '../../contract/catalog';
import type { ConnectionSpec } from '../../contract/resolved-plan';
import { fail } from '../../errors/rowproof-error';
import type { CommandResult, Terminal } from '../terminal';

export interface InitOptions {
  readonly name: string;
  readonly source: string[];
  readonly target: string;
  readonly out?: string;
  readonly force?: boolean;
}

/** Writes a commented plan from the live catalogs, with best-guess mappings. Connections are named by environment variables. */
export async function init(terminal: Terminal, options: InitOptions): Promise<CommandResult> {
  const file = resolve(terminal.cwd, options.out ?? `${options.name}.yaml`);
  if (existsSync(file) && options.force !== true) {
    throw fail('RP9002', `${file} already exists.`, { where: { file } });
  }
  const { withSession } = await import('../../engine/run/read-plan');
  const { readCatalog } = await import('../../postgres/catalog/read-catalog');
  const { suggestPlan } = await import('../../plan/suggest/suggest-plan');
  const sources: Record<string, { url: string; catalog: Catalog }> = {};
  for (const given of options.source) {
    const { name, variable } = named(given);
    const catalog = await withSession(connection(variable), terminal.env, 'init', readCatalog);
    sources[name] = { url: `\${${variable}}`, catalog };
  }
  const target = named(options.target).variable;
  const text = suggestPlan({
    name: options.name,
    sources,
    target: { url: `\${${target}}`, catalog: await withSession(connection(target), terminal.env, 'init', readCatalog) },
  });
  writeFileSync(file, text);
  return {
    data: { file },
    text: `Wrote ${file}. Read it, correct it, then:  rowproof check ${options.out ?? `${options.name}.yaml`}`,
  };
}

/** `legacy=LEGACY_URL` or `LEGACY_URL`. */
function named(given: string): { name: string; variable: string } {
  const parts = /^(?:([A-Za-z_][A-Za-z0-9_]*)=)?([A-Za-z_][A-Za-z0-9_]*)$/.exec(given);
  if (parts === null) {
    throw fail('RP9001', 'A connection is named by an environment variable, such as LEGACY_URL or legacy=LEGACY_URL.', {
      why: 'A url on the command line would leave its password in the shell history.',
      fix: 'Export the url under a name and give the name.',
    });
  }
  const variable = parts[2] as string;
  return { name: parts[1] ?? variable.replace(/_?(URL|DSN)$/i, '').toLowerCase(), variable };
}

function connection(variable: string): ConnectionSpec {
  return {
    url: `\${${variable}}`,
    urlFile: null,
    passwordFile: null,
    envPrefix: null,
    tls: { mode: null, caFile: null, certFile: null, keyFile: null },
  };
}
