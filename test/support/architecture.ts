import { readFileSync, readdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

/** A source file by its path from the root of the repository, with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const pureFolders = [
  ...['contract', 'errors', 'sql', 'plan', 'profile', 'transform', 'compile', 'copy', 'settle', 'validate'],
  ...['rollback', 'evidence', 'progress', 'report', 'demo', 'capture', 'delta', 'cutover', 'orchestration'],
];

type Layer = 'pure' | 'postgres' | 'engine' | 'activities' | 'workflows' | 'worker' | 'dev' | 'cli' | 'test';

/** What a layer may import beside itself. Types of activities are free for workflows; see `checkImport`. */
const arrows: Readonly<Record<Layer, readonly Layer[]>> = {
  pure: [],
  postgres: ['pure'],
  engine: ['postgres', 'pure'],
  activities: ['engine', 'postgres', 'pure'],
  workflows: ['pure'],
  worker: ['activities', 'engine', 'postgres', 'pure'],
  dev: ['worker', 'activities', 'engine', 'postgres', 'pure'],
  cli: ['dev', 'worker', 'activities', 'engine', 'postgres', 'pure'],
  test: ['cli', 'dev', 'worker', 'activities', 'workflows', 'engine', 'postgres', 'pure'],
};

/**
 * What a phase of the engine may import of other phases. Files right in src/engine (host, sessions, lease) are free for all of them and
 * import none.
 */
const phaseArrows: Readonly<Record<string, readonly string[]>> = {
  run: ['capture'],
  copy: ['run'],
  capture: [],
  follow: ['copy', 'capture', 'run'],
  prepare: ['run'],
  discovery: ['prepare', 'run'],
  proof: ['follow', 'copy', 'run'],
  settle: ['proof', 'follow', 'copy', 'prepare', 'run'],
  finish: ['settle', 'proof', 'prepare', 'run'],
  cutover: ['proof', 'finish', 'prepare', 'follow', 'run'],
  rollback: ['cutover', 'proof', 'finish', 'settle', 'prepare', 'capture', 'run'],
};

/** Layers of src that are one folder each. */
const outer = ['postgres', 'engine', 'worker', 'dev', 'cli'] as const;

/** The layer of a path; null for a folder of src that nobody placed. */
export function layerOf(path: string): Layer | null {
  const [top = '', folder = ''] = path.split('/');
  if (top === 'activities' || top === 'workflows' || top === 'test') return top;
  if (top !== 'src') return null;
  if (pureFolders.includes(folder)) return 'pure';
  return outer.find((layer) => layer === folder) ?? null;
}

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const parse = (file: SourceFile): ts.SourceFile =>
  ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ES2023, true);

function onlyTypes(node: ts.ImportDeclaration | ts.ExportDeclaration): boolean {
  if (ts.isExportDeclaration(node)) return node.isTypeOnly;
  const clause = node.importClause;
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return clause.name === undefined && names !== undefined && ts.isNamedImports(names)
    ? names.elements.length > 0 && names.elements.every((element) => element.isTypeOnly)
    : false;
}

function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier !== undefined) {
      found.push({ specifier: (node.moduleSpecifier as ts.StringLiteral).text, typeOnly: onlyTypes(node) });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      found.push({ specifier: (node.argument.literal as ts.StringLiteral).text, typeOnly: true });
    } else if (ts.isCallExpression(node)) {
      const [first] = node.arguments;
      const called = node.expression;
      const loads =
        called.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(called) && called.text === 'require');
      if (loads && first !== undefined && ts.isStringLiteral(first)) {
        found.push({ specifier: first.text, typeOnly: false });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const isPostgresClient = (specifier: string): boolean => /^(pg|pg-[a-z-]+)(\/|$)/.test(specifier);
const builtIns = new Set(builtinModules);
const isNode = (specifier: string): boolean => specifier.startsWith('node:') || builtIns.has(specifier);

/** The phase of a file of the engine; null right in src/engine. */
function phaseOf(path: string): string | null {
  const [, , phase = '', file] = path.split('/');
  return file === undefined ? null : phase;
}

function checkPhases(from: string, to: string): string | null {
  const [phase, other] = [phaseOf(from), phaseOf(to)];
  if (other === null || other === phase) return null;
  if (phase !== null && phaseArrows[phase]?.includes(other) === true) return null;
  return `imports ${to} against the arrows of the engine (${phase ?? 'host'} -> ${other})`;
}

const temporalLayers: readonly Layer[] = ['activities', 'workflows', 'worker', 'cli', 'test'];

function checkImport(file: SourceFile, layer: Layer, { specifier, typeOnly }: Import): string | null {
  if (!specifier.startsWith('.')) {
    if (specifier.startsWith('@temporalio/') && !temporalLayers.includes(layer)) return `imports ${specifier}`;
    if (isPostgresClient(specifier) && layer !== 'postgres' && layer !== 'test') return `imports ${specifier}`;
    if (isNode(specifier) && (layer === 'pure' || layer === 'workflows')) return `imports ${specifier}`;
    return null;
  }
  const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
  const to = layerOf(target);
  if (to === null) return target === 'package.json' ? null : `imports ${target}, which is in no layer`;
  if (layer === 'engine' && to === 'engine') return checkPhases(file.path, target);
  if (to === layer || arrows[layer].includes(to)) return null;
  if (typeOnly && layer === 'workflows' && to === 'activities') return null;
  return `imports ${target} against the arrows (${layer} -> ${to})`;
}

/** Uses of clock, chance or process in a syntax tree, as written. */
function impurities(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
      const use = `${node.expression.text}.${node.name.text}`;
      if (use === 'Date.now' || use === 'Math.random' || use === 'performance.now') found.push(use);
      if (node.expression.text === 'process') found.push(use);
    }
    if (ts.isNewExpression(node) && node.expression.getText(source) === 'Date' && !node.arguments?.length) {
      found.push('new Date()');
    }
    if (
      ts.isCallExpression(node) &&
      /^(set(Timeout|Interval|Immediate)|fetch)$/.test(node.expression.getText(source))
    ) {
      found.push(node.expression.getText(source));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function isBarrel(source: ts.SourceFile): boolean {
  const statements = source.statements.filter((statement) => !ts.isImportDeclaration(statement));
  return (
    statements.length > 0 &&
    statements.every((statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier !== undefined)
  );
}

const barrels = new Set(['workflows/index.ts', 'activities/index.ts']);
const vague = /(^|[-./])(utils?|helpers?|common|managers?|misc)([-./]|$)/;
const longest = 400;

const maxFiles = 25;

/** Folders with too many files to take in. */
function fullFolders(files: readonly SourceFile[]): string[] {
  const counts = new Map<string, number>();
  for (const { path } of files) counts.set(posix.dirname(path), (counts.get(posix.dirname(path)) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > maxFiles)
    .map(([folder, count]) => `${folder}: holds ${count} files, more than ${maxFiles}`);
}

/** Circles of imports between files, each as the files on it; imports of types count. */
function circles(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  const graph = new Map(
    files.map((file) => [
      file.path,
      importsOf(parse(file)).flatMap(({ specifier }) => {
        if (!specifier.startsWith('.')) return [];
        const base = posix.normalize(posix.join(posix.dirname(file.path), specifier));
        return [`${base}.ts`, `${base}/index.ts`].filter((path) => known.has(path));
      }),
    ]),
  );
  const found: string[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    if (trail.includes(path)) {
      found.push(`${path}: imports itself through ${trail.slice(trail.indexOf(path) + 1).join(', ')}`);
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return found;
}

/** Every breach of the house rules, as `path: what`. */
export function violations(files: readonly SourceFile[]): string[] {
  return [...fullFolders(files), ...circles(files), ...files.flatMap(ownViolations)];
}

function ownViolations(file: SourceFile): string[] {
  const found: string[] = [];
  const source = parse(file);
  const layer = layerOf(file.path);
  const lines = file.text.split('\n').length - 1;
  if (lines > longest) found.push(`has ${lines} lines, more than ${longest}`);
  if (vague.test(file.path)) found.push('has a name that says nothing');
  if (isBarrel(source) && !barrels.has(file.path)) found.push('is a barrel');
  if (layer === null) found.push('is in no layer');
  else for (const one of importsOf(source)) found.push(...[checkImport(file, layer, one) ?? []].flat());
  if (layer === 'pure') for (const use of impurities(source)) found.push(`uses ${use}`);
  return found.map((what) => `${file.path}: ${what}`);
}

/** All TypeScript files under these folders of the repository. */
export function sourceFiles(root: string, folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') })),
  );
}
