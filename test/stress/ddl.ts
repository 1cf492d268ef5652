import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { Chance } from './chance';
import { connected } from './oracle';
import type { Place } from './servers';

/** What somebody does to a table behind the run's back, in one transaction: its rows change, and no change log and no slot tells of it. */
interface TableChange {
  readonly name: string;
  /** Locked first, all at once and not for long: clients wait for it, and never it for them. */
  readonly tables: readonly string[];
  readonly statements: readonly string[];
}

/** Triggers of rowproof fire for everybody: `enable trigger all` alone would make others of them. */
const offAndOn = (table: string, between: string): string[] => [
  `alter table ${table} disable trigger user`,
  between,
  `do $$ declare t name; begin
     for t in select tgname from pg_trigger where tgrelid = '${table}'::regclass and tgname like 'rowproof%' loop
       execute format('alter table ${table} enable always trigger %I', t);
     end loop; end $$`,
];

const onSource: readonly TableChange[] = [
  {
    name: 'a partition was detached, changed and attached again',
    tables: ['public.account', 'public.event'],
    statements: [
      'alter table public.event detach partition public.event_2024',
      `update public.event_2024 set payload = payload || '!'`,
      `alter table public.event attach partition public.event_2024 for values from ('2024-01-01') to ('2025-01-01')`,
    ],
  },
  {
    name: 'a table was rewritten',
    tables: ['public.side'],
    statements: [`alter table public.side alter val type text using val || '~'`],
  },
  {
    name: 'triggers were disabled and enabled again',
    tables: ['public.tag'],
    statements: offAndOn('public.tag', `update public.tag set label = label || '?'`),
  },
  {
    name: 'another table took the place of one',
    tables: ['public.side'],
    statements: [
      'create table public.side_new (like public.side including all)',
      `insert into public.side_new select id, val || '^', v from public.side`,
      'drop table public.side',
      'alter table public.side_new rename to side',
      'grant select, insert, update, delete, truncate on public.side to shop',
    ],
  },
];

const onTarget: readonly TableChange[] = [
  {
    name: 'a table was rewritten',
    tables: ['app.side'],
    statements: [`alter table app.side alter val type text using val || '~'`],
  },
  {
    name: 'the guard was disabled, rows deleted, and it was enabled again',
    tables: ['app.tag'],
    statements: offAndOn('app.tag', 'delete from app.tag where v % 2 = 0'),
  },
];

/** Changes that leave every row as it is: the tables are proved again, and nothing else. */
const harmless: readonly TableChange[] = [
  { name: 'a table was clustered', tables: ['app.side'], statements: ['cluster app.side using side_pkey'] },
  {
    name: 'the guard was disabled for a moment',
    tables: ['app.tag'],
    statements: offAndOn('app.tag', 'select 1'),
  },
];

const attempts = 15;

/** One change of the source, as long as its clients may write there. */
export function changeSource(place: Place, chance: Chance): Promise<string> {
  const frozen = `select from pg_trigger where tgname like 'rowproof_freeze%'`;
  return attempt(
    place.mover.source,
    chance.pick(onSource),
    async (client) => (await client.query(frozen)).rowCount === 0,
  );
}

/** One change of the target, as long as it is the run's own. `rows`: also one that changes some. */
export function changeTarget(place: Place, chance: Chance, rows: boolean): Promise<string> {
  const guarded = `select from pg_trigger where tgname like 'rowproof_guard%'`;
  const change = chance.pick(rows ? [...onTarget, ...harmless] : harmless);
  return attempt(place.mover.target, change, async (client) => (await client.query(guarded)).rowCount !== 0);
}

/** What each of these does shows only where the rule that it is meant for is broken. */
export function detachOnSource(place: Place): Promise<string> {
  return attempt(place.mover.source, onSource[0] as TableChange, () => Promise.resolve(true));
}

export function rewriteOnTarget(place: Place): Promise<string> {
  return attempt(place.mover.target, onTarget[0] as TableChange, () => Promise.resolve(true));
}

/** As the run itself, which the guard lets through: a repair by hand that went wrong. */
export function vanishOnTarget(place: Place): Promise<string> {
  const statements = [
    `select set_config('rowproof.run', (select run from rowproof.run), true)`,
    'delete from app.journal where ctid in (select ctid from app.journal order by client, txn limit 5)',
  ];
  const change = { name: 'rows of the target vanished', tables: ['app.journal'], statements };
  return attempt(place.mover.target, change, () => Promise.resolve(true));
}

async function attempt(
  url: string,
  { name, tables, statements }: TableChange,
  allowed: (client: Client) => Promise<boolean>,
): Promise<string> {
  return connected(url, async (client) => {
    await client.query(`set lock_timeout = '300ms'`);
    for (let tried = 1; tried <= attempts; tried += 1) {
      try {
        await client.query(`begin; lock table ${tables.join(', ')} in access exclusive mode`);
        if (!(await allowed(client))) {
          await client.query('rollback');
          return `DDL: too late or too early`;
        }
        for (const statement of statements) await client.query(statement);
        await client.query('commit');
        return `DDL: ${name}`;
      } catch (error) {
        await client.query('rollback');
        if ((error as { code?: string }).code !== '55P03') throw error;
        await sleep(200);
      }
    }
    return 'DDL: no lock';
  });
}
