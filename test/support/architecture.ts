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
  ...['rollback', 'evidence', 'progress', 'report', 'demo', 'capture', 'delta', 'cutover'],
];

type Layer = 'pure' | 'postgres' | 'activities' | 'workflows' | 'worker' | 'dev' | 'cli' | 'test';

/** What a layer may import beside itself. Types of activities are free for workflows; see `checkImport`. */
const arrows: Readonly<Record<Layer, readonly Layer[]>> = {
  pure: [],
  postgres: ['pure'],
  activities: ['postgres', 'pure'],
  workflows: ['pure'],
  worker: ['activities', 'postgres', 'pure'],
  dev: ['worker', 'activities', 'postgres', 'pure'],
  cli: ['dev', 'worker', 'activities', 'postgres', 'pure'],
  test: ['cli', 'dev', 'worker', 'activities', 'workflows', 'postgres', 'pure'],
};

/** Layers of src that are one folder each. */
const outer = ['postgres', 'worker', 'dev', 'cli'] as const;

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

function checkImport(file: SourceFile, layer: Layer, { specifier, typeOnly }: Import): string | null {
  if (!specifier.startsWith('.')) {
    if (isPostgresClient(specifier) && layer !== 'postgres' && layer !== 'test') return `imports ${specifier}`;
    if (isNode(specifier) && (layer === 'pure' || layer === 'workflows')) return `imports ${specifier}`;
    return null;
  }
  const target = posix.normalize(posix.join(posix.dirname(file.path), specifier));
  const to = layerOf(target);
  if (to === null) return target === 'package.json' ? null : `imports ${target}, which is in no layer`;
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

/** Every breach of the house rules, as `path: what`. */
export function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
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
  });
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
