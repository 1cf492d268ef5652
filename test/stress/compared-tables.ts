/** What the target must hold, written by hand in SQL over the source; every row as one array of texts, its owner first. */
export interface ComparedTable {
  readonly name: string;
  /** Over the source: `key`, `v`, `row`. */
  readonly source: string;
  /** Over the target: the same. */
  readonly target: string;
  /** For rows that may wait outside: which other rows justify it. */
  readonly waits?: 'unique' | 'parent';
}

const exact = (name: string, key: string, source: string, target: string, where = ''): ComparedTable => ({
  name,
  source: `select ${key} as key, v::text as v, row(${source})::text as row from public.${name} ${where}`,
  target: `select ${targetKey(name, key)} as key, v::text as v, row(${target})::text as row from app.${name}`,
});

function targetKey(name: string, key: string): string {
  if (name === 'transfer') return `account_id || '/' || seq`;
  if (name === 'event') return `legacy_id || '/' || day`;
  if (name === 'profile') return 'legacy_id::text';
  return key;
}

export const comparedTables: readonly ComparedTable[] = [
  exact(
    'account',
    'id::text',
    'id, email, btrim(name), (balance_cents::numeric / 100)::numeric(14, 2), note, v',
    'id, email, full_name, balance, note, v',
  ),
  exact(
    'transfer',
    `account || '/' || seq`,
    'account, seq, (cents::numeric / 100)::numeric(14, 2), v',
    'account_id, seq, amount, v',
  ),
  exact('tag', 'code', 'code, label, v', 'code, label, v'),
  exact('node', 'id::text', 'id, parent, account, slot, v', 'id, parent_id, account_id, slot, v'),
  exact(
    'event',
    `id || '/' || day`,
    'id, day, account, kind, payload, v',
    'legacy_id, day, account_id, kind, payload, v',
    `where kind <> 'noise'`,
  ),
  exact('side', 'id::text', 'id, val, v', 'id, val, v'),
  exact('profile', 'id::text', 'handle, id, account, bio, v', 'handle, legacy_id, account_id, bio, v'),
  {
    name: 'journal',
    source: `select client || '/' || txn as key, '0' as v, row(client, txn)::text as row from public.journal`,
    target: `select client || '/' || txn as key, '0' as v, row(client, txn)::text as row from app.journal`,
  },
  {
    ...exact('member', 'id::text', 'id, lower(btrim(email)), v', 'id, email, v'),
    waits: 'unique',
  },
  {
    ...exact('remark', 'id::text', 'id, account, body, v', 'id, account_id, body, v'),
    waits: 'parent',
  },
];

/** Keys of rows that wait outside the target although nothing there is in their way. */
export const unjustified: Readonly<Record<'unique' | 'parent', { readonly source: string; readonly target: string }>> =
  {
    unique: {
      source: `select id::text as key, lower(btrim(email)) as obstacle from public.member`,
      target: `select email as obstacle from app.member where email is not null`,
    },
    parent: {
      source: `select id::text as key, account::text as obstacle from public.remark`,
      target: `select id::text as obstacle from app.account`,
    },
  };
