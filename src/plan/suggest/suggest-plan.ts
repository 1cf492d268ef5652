import type { Catalog, Relation } from '../../contract/catalog';
import { writeQualifiedName } from '../resolve/qualified-name';
import { isMappable, matchTables } from './match-tables';
import type { SuggestedColumn, SuggestedTable } from './suggest-table';
import { suggestTable } from './suggest-table';
import { yamlComment, yamlFlow, yamlText } from './yaml-text';

export interface SuggestInput {
  readonly name: string;
  /** Source databases by name; `url` is a template such as `${LEGACY_URL}`. */
  readonly sources: Readonly<Record<string, { readonly url: string; readonly catalog: Catalog }>>;
  readonly target: { readonly url: string; readonly catalog: Catalog };
}

function withComment(line: string, comment: string | null): string {
  return comment === null ? line : `${line.padEnd(51)} ${yamlComment(comment)}`;
}

function columnLine({ target, from, steps, ref, note }: SuggestedColumn): string {
  const key = `      ${yamlText(target)}:`;
  const source = from.length === 1 ? yamlText(from[0] as string) : yamlFlow(from);
  if (steps.length === 0 && ref === null && from[0] !== '*') return withComment(`${key} ${source}`, note);
  const parts = [
    `from: ${source}`,
    ...(steps.length === 0 ? [] : [`steps: ${yamlFlow(steps)}`]),
    ...(ref === null ? [] : [`ref: ${yamlText(ref)}`]),
  ];
  return withComment(`${key} { ${parts.join(', ')} }`, note);
}

function tableLines(table: SuggestedTable, severalSources: boolean): string[] {
  const { source, target, id } = table;
  const lines = [
    `  ${yamlText(writeQualifiedName(target))}:`,
    withComment(
      `    from: ${yamlText(writeQualifiedName(source))}`,
      table.score < 0.7 ? 'a guess: check that these belong together' : null,
    ),
  ];
  if (severalSources) lines.push(`    source: ${yamlText(table.connection)}`);
  if (table.keyMissing)
    lines.push(
      `    ${yamlComment('key: [column]  the source has no key: name columns that identify a row, or leave this out: rows count by their contents')}`,
    );
  if (id !== null) {
    const from = id.from.length === 1 ? yamlText(id.from[0] as string) : yamlFlow(id.from);
    lines.push(
      withComment(
        `    id: { ${id.kind}: ${from} }`,
        id.kind === 'keep' ? 'or offset, when two sources share numbers' : 'same input, same uuid, in every run',
      ),
    );
  }
  const nothing = table.columns.length === 0;
  lines.push(nothing ? '    columns: {}' : '    columns:');
  for (const column of table.columns) lines.push(columnLine(column));
  for (const { column, reason } of table.uncovered)
    lines.push(`      ${yamlComment(`${column.name}: { value: … }  ${reason} (${column.type.name})`)}`);
  if (table.optional.length > 0)
    lines.push(`      ${yamlComment(`left to their defaults: ${table.optional.join(', ')}`)}`);
  if (table.computed.length > 0)
    lines.push(withComment(`    ignore: ${yamlFlow(table.computed)}`, 'the target computes it'));
  if (table.leftOver.length > 0)
    lines.push(
      `    ${yamlComment(`ignore: [${table.leftOver.map(yamlText).join(', ')}]  not used above: map them, or leave them behind on purpose`)}`,
    );
  return lines;
}

/** The nearest name that a plan may have. */
function planName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z]+/, '')
    .slice(0, 63);
  return plain === '' ? 'migration' : plain;
}

/** A table to begin with when no pair of tables looks alike. */
function example(input: SuggestInput): string[] {
  const target = input.target.catalog.relations.find(isMappable);
  const [connection, source] = Object.entries(input.sources)[0] ?? [];
  const from = source?.catalog.relations.find(isMappable);
  const name = (relation: Relation | undefined, otherwise: string): string =>
    yamlText(relation === undefined ? otherwise : writeQualifiedName(relation));
  return [
    '  # No two tables look alike. Pair them yourself; this entry shows the form.',
    `  ${name(target, 'public.new_table')}:`,
    `    from: ${name(from, 'public.old_table')}`,
    ...(Object.keys(input.sources).length > 1 ? [`    source: ${yamlText(connection ?? '')}`] : []),
    withComment('    columns: "*"', 'columns of the same name; or target: source, one a line'),
  ];
}

/**
 * The text of a first plan: pairs of tables and columns that look alike by name and type, keys and references taken from
 * the catalogs, and comments on what people have to decide. It reads back without a problem through `parsePlan`.
 */
export function suggestPlan(input: SuggestInput): string {
  const matches = matchTables(input.sources, input.target.catalog);
  const tables = matches.map((match) => suggestTable(match, matches));
  const names = Object.entries(input.sources);
  const lines = [
    '# yaml-language-server: $schema=https://unpkg.com/rowproof/schema/plan.schema.json',
    yamlComment(
      `First plan of ${input.name}: best guesses by name and type. Read every line, then: rowproof check PLAN`,
    ),
    'version: 1',
    `name: ${planName(input.name)}`,
    'sources:',
    ...names.map(([name, source]) => `  ${yamlText(name)}: { url: ${JSON.stringify(source.url)} }`),
    `target: { url: ${JSON.stringify(input.target.url)} }`,
    withComment('capture: none', 'the source is quiet while the run lasts'),
    yamlComment(
      'capture: triggers   (or logical) goes on while the source is written to, and stops writers for seconds only',
    ),
    'defaults:',
    withComment('  on_bad_row: quarantine', 'or stop'),
    withComment('  max_bad_rows: 0.5%', 'more bad rows without a decision stop the run'),
    withComment('  unmapped_source_columns: error', 'each column is mapped, or ignored on purpose'),
    '',
    'tables:',
  ];
  tables.forEach((table, index) => {
    if (index > 0) lines.push('');
    lines.push(...tableLines(table, names.length > 1));
  });
  if (tables.length === 0) lines.push(...example(input));
  const openTargets = input.target.catalog.relations.filter(
    (one) => isMappable(one) && !matches.some((match) => match.target === one),
  );
  const openSources = names.flatMap(([name, source]) =>
    source.catalog.relations
      .filter((one) => isMappable(one) && !matches.some((match) => match.source === one))
      .map((one) => (names.length > 1 ? `${writeQualifiedName(one)} of ${name}` : writeQualifiedName(one))),
  );
  if (openTargets.length > 0)
    lines.push(
      '',
      yamlComment('Target tables that nothing fills yet:'),
      ...openTargets.map((one) => yamlComment(`  ${writeQualifiedName(one)}`)),
    );
  if (openSources.length > 0)
    lines.push(
      '',
      yamlComment('Source tables that nothing reads; leave them behind on purpose with'),
      yamlComment('ignore_tables:'),
      ...openSources.map((one) => yamlComment(`  - ${one}`)),
    );
  return `${lines.join('\n')}\n`;
}
