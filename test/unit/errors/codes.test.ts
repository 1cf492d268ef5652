import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { catalogue } from '../../../src/errors/catalogue';

const root = join(__dirname, '../../..');
const codes = Object.keys(catalogue);

function filesOf(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesOf(path) : /\.(ts|mjs)$/.test(entry.name) ? [path] : [];
  });
}

/** Files by the codes that they name outside their comments. */
function naming(folders: readonly string[], except: (path: string) => boolean): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const path of folders.flatMap((folder) => filesOf(join(root, folder)))) {
    const name = relative(root, path);
    if (except(name)) continue;
    const text = readFileSync(path, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    for (const code of new Set(text.match(/\bRP\d{4}\b/g))) found.set(code, [...(found.get(code) ?? []), name]);
  }
  return found;
}

/** Codes that no test brings about, each with why. Whoever writes a test takes its code out. */
const withoutTest: Readonly<Record<string, string>> = {
  RP4010: 'needs two ledgers with a run of one name in one Temporal',
  RP4022: 'a stored plan with a table of a source that it does not name: a bug',
  RP4208:
    'test/end-to-end/states/ways-out asks every command after every end; the sentence and the exit status are asserted there',
  RP5106:
    'rows that vanish between two statements of one transaction under a lock: a bug or a rule of the target that keeps rows back',
  RP5112: 'an index that is built without an error and is not valid',
  RP5113: 'a row of the run itself without a receipt: a bug',
  RP5130: 'a statement of the product that the server refuses for every row: a bug',
  RP5140: 'a CHECK that rows break although it was settled a moment before',
  RP5360: 'a stranger who keeps the slot for longer than the patience of a pull, half a minute',
  RP5363: 'a source that does not flush its log when asked to',
  RP5407: 'a source that changes faster than rounds follow, for as many rounds as an alignment makes',
  RP5410: 'is tried again at once; only five in a row come out of a round',
  RP5441: 'a trigger of the target that keeps rows back, of which the copy says the same by another name',
  RP5442: 'rows that the target refuses together and none alone',
  RP5443: 'a row of the run itself without a source: a bug',
  RP5444: 'a round beside settling, which the workflow never makes',
  RP5503: 'a reader who holds a table of the source longer than the budget while its freeze goes',
  RP5504: 'a source that is away for a minute in the middle of a COMMIT',
  RP5506: 'is tried again by its activity for as long as it takes',
  RP6002: 'a server that orders a key otherwise than its own index',
  RP6003: 'a transform whose twin raises an error: a bug',
  RP7008: 'test/end-to-end/states/ways-out asks every command after every end; the exit status is asserted there',
  RP8002: 'an initdb that fails',
  RP8005: 'a Temporal server that does not start',
  RP8008: 'a lock that another process holds for ten minutes',
};

describe('every code of the catalogue', () => {
  const asserted = naming(['test'], (name) => name === 'test/unit/errors/codes.test.ts');
  const raised = naming(['src', 'activities', 'workflows'], (name) => /^src\/errors\/.*-errors\.ts$/.test(name));

  it('is raised somewhere', () => {
    expect(codes.filter((code) => !raised.has(code))).toEqual([]);
  });

  it('is named by a test, or says why not', () => {
    const list = codes.map((code) => `${code}: ${asserted.get(code)?.join(', ') ?? withoutTest[code] ?? 'NO TEST'}`);
    expect(list.filter((line) => line.endsWith('NO TEST'))).toEqual([]);
  });

  it('stands among those without a test only while it has none', () => {
    expect(Object.keys(withoutTest).filter((code) => asserted.has(code) || !codes.includes(code))).toEqual([]);
  });

  it('that a test names is one of the catalogue', () => {
    const made = /^RP(0|1999|9999)/;
    expect([...asserted.keys()].filter((code) => !codes.includes(code) && !made.test(code))).toEqual([]);
  });
});
