import { capturedRelations } from '../../../src/capture/captured-relations';
import { newsFindings, readsColumn } from '../../../src/capture/describe-news';
import type { RelationFacts } from '../../../src/capture/fingerprint';
import type { CompiledMapping, CompiledPlan } from '../../../src/contract/compiled';

const mapping = {
  name: 'customers',
  source: 'crm',
  from: { schema: 'public', name: 'customer' },
  key: [{ name: 'id' }],
  rawColumns: [
    { name: 'mail', type: 'text', sql: false },
    { name: '(upper("Last_Name"))', type: 'text', sql: true },
  ],
  where: 'deleted_at is null',
} as unknown as CompiledMapping;

const relations = capturedRelations({ mappings: [mapping] });
const facts: RelationFacts = {
  relation: mapping.from,
  ids: [1],
  kind: 'r',
  oid: '1',
  rowSecurity: false,
  columns: [],
  tree: [],
  triggers: [],
};

function compiled(columns: 'error' | 'ignore', tables: 'warn' | 'ignore'): Pick<CompiledPlan, 'plan' | 'mappings'> {
  const plan = { unmappedSourceTables: tables, mappings: [{ name: 'customers', unmappedSourceColumns: columns }] };
  return { plan: plan as unknown as CompiledPlan['plan'], mappings: [mapping] };
}

describe('a mapping reads a column', () => {
  it.each(['id', 'mail', 'last_name', 'deleted_at'])(
    'when it is its key, its input or named in its SQL: %s',
    (name) => {
      expect(readsColumn([mapping], relations, facts, name)).toBe(true);
    },
  );

  it('and no other', () => {
    expect(readsColumn([mapping], relations, facts, 'fax')).toBe(false);
  });
});

describe('what came up on a source', () => {
  const news = [
    { kind: 'new_column', relation: facts, column: 'fax' },
    { kind: 'dropped_column', relation: facts, column: 'telex' },
    { kind: 'new_table', table: 'public.extra' },
  ] as const;

  it('waits for a decision, but a dropped column does not', () => {
    const found = newsFindings(compiled('error', 'warn'), relations, news);
    expect(found.map(({ id, severity }) => [id, severity])).toEqual([
      ['customers.fax.new_column', 'decide'],
      ['customers.telex.dropped_column', 'note'],
      ['public.extra.new_table', 'decide'],
    ]);
  });

  it('is nothing where the plan ignores it', () => {
    expect(newsFindings(compiled('ignore', 'ignore'), relations, news)).toEqual([]);
  });
});
