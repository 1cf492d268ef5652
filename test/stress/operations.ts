import type { Chance } from './chance';
import type { Model, Write } from './history';
import { leaves, ownRange } from './world';

/** One transaction of a client while it is open. */
export interface Transaction {
  readonly client: number;
  /** Value of `v` of everything it writes. */
  readonly v: number;
  readonly chance: Chance;
  readonly model: Model;
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<readonly Record<string, string>[]>;
  readonly writes: Write[];
  /** A number that this client never used before. */
  readonly fresh: () => number;
}

type Operation = (t: Transaction) => Promise<void>;

/** Runs a statement that answers `key` of every row written. */
async function put(t: Transaction, table: string, sql: string, values: readonly unknown[] = []): Promise<number> {
  const rows = await t.query(sql, values);
  for (const { key } of rows) t.writes.push({ table, key: key as string, v: String(t.v) });
  return rows.length;
}

async function gone(t: Transaction, table: string, sql: string, values: readonly unknown[] = []): Promise<void> {
  for (const { key } of await t.query(sql, values)) t.writes.push({ table, key: key as string, v: null });
}

const base = (t: Transaction): number => t.client * ownRange;

/** A key of the client's own by chance; null when it has none. */
function own(t: Transaction, table: string, accept: (key: string) => boolean = () => true): string | null {
  const keys = [...(t.model.get(table)?.keys() ?? [])].filter(accept);
  return keys.length === 0 ? null : t.chance.pick(keys);
}

const parentAccount = (t: Transaction): string | null =>
  own(t, 'account', (key) => Number(key) - base(t) < leaves) ?? null;
const leafAccount = (t: Transaction): string | null =>
  own(t, 'account', (key) => Number(key) - base(t) >= leaves) ?? null;

const insertAccount: Operation = async (t) => {
  const id = base(t) + (t.chance.in(0.5) ? 0 : leaves) + t.fresh();
  const note = t.chance.in(0.1) ? `repeat(md5(random()::text), 300)` : `'note'`;
  await put(t, 'account', `insert into public.account values ($1, $2, $3, $4, ${note}, $5) returning id::text as key`, [
    id,
    `a${id}@x.test`,
    `  Name ${id} `,
    t.chance.int(-100_000, 100_000),
    t.v,
  ]);
};

const updateAccount: Operation = async (t) => {
  const id = own(t, 'account');
  if (id === null) return;
  const columns = t.chance.pick([
    `balance_cents = balance_cents + ${t.chance.int(-500, 500)}`,
    `name = name || ' x'`,
    `note = repeat(md5(random()::text), 200)`,
    `email = 'n' || id || '-' || ${t.v} || '@x.test'`,
  ]);
  await put(t, 'account', `update public.account set ${columns}, v = $2 where id = $1 returning id::text as key`, [
    id,
    t.v,
  ]);
};

const deleteLeaf: Operation = async (t) =>
  gone(t, 'account', `delete from public.account where id = $1 returning id::text as key`, [leafAccount(t)]);

const renumberLeaf: Operation = async (t) => {
  const old = leafAccount(t);
  if (old === null) return;
  const id = base(t) + leaves + t.fresh();
  const sql = `update public.account set id = $1, v = $2 where id = $3 returning id::text as key`;
  if ((await put(t, 'account', sql, [id, t.v, old])) > 0) t.writes.push({ table: 'account', key: old, v: null });
};

/** A parent takes a new key and the children follow by ON UPDATE CASCADE. */
const renumberParent: Operation = async (t) => {
  const old = parentAccount(t);
  if (old === null) return;
  const children = await t.query(`select seq::text as seq, v::text as v from public.transfer where account = $1`, [
    old,
  ]);
  const id = base(t) + t.fresh();
  const sql = `update public.account set id = $1, v = $2 where id = $3 returning id::text as key`;
  if ((await put(t, 'account', sql, [id, t.v, old])) === 0) return;
  t.writes.push({ table: 'account', key: old, v: null });
  for (const { seq, v } of children) {
    t.writes.push({ table: 'transfer', key: `${old}/${seq}`, v: null });
    t.writes.push({ table: 'transfer', key: `${id}/${seq}`, v: v as string });
  }
};

/** A parent and all that refers to it, children first. */
const deleteFamily: Operation = async (t) => {
  const id = parentAccount(t);
  if (id === null) return;
  const children = `where account = $1 returning`;
  await gone(t, 'transfer', `delete from public.transfer ${children} account || '/' || seq as key`, [id]);
  await gone(t, 'event', `delete from public.event ${children} id || '/' || day as key`, [id]);
  await gone(t, 'profile', `delete from public.profile ${children} id::text as key`, [id]);
  await put(t, 'node', `update public.node set account = null, v = $2 ${children} id::text as key`, [id, t.v]);
  await gone(t, 'account', `delete from public.account where id = $1 returning id::text as key`, [id]);
};

const swapEmails: Operation = async (t) => {
  const several = t.chance.int(2, 4);
  const ids = [...new Set(Array.from({ length: several }, () => own(t, 'account')))].filter((id) => id !== null);
  if (ids.length < 2) return;
  const rows = await t.query(`select id::text as id, email from public.account where id = any ($1) order by id`, [ids]);
  const sql = `update public.account set email = $2, v = $3 where id = $1 returning id::text as key`;
  for (const { id } of rows) await put(t, 'account', sql, [id, `parked-${id}-${t.v}`, t.v]);
  for (const [index, { id }] of rows.entries()) {
    await put(t, 'account', sql, [id, rows[(index + 1) % rows.length]?.['email'], t.v]);
  }
};

const insertTransfer: Operation = async (t) => {
  const key = `insert into public.transfer values ($1, $2, $3, $4) returning account || '/' || seq as key`;
  const account = parentAccount(t);
  if (account !== null) await put(t, 'transfer', key, [account, t.fresh(), t.chance.int(1, 9_999), t.v]);
};

const changeTransfer: Operation = async (t) => {
  const old = own(t, 'transfer');
  if (old === null) return;
  const [account, seq] = old.split('/');
  const where = `where account = $1 and seq = $2 returning account || '/' || seq as key`;
  const context = t.chance.weighted({ update: 4, delete: 2, renumber: 2, move: 2 });
  if (context === 'delete') return gone(t, 'transfer', `delete from public.transfer ${where}`, [account, seq]);
  const set = { update: 'cents = cents + 1', renumber: `seq = ${t.fresh()}`, move: `account = ${parentAccount(t)}` }[
    context
  ];
  const before = t.writes.length;
  await put(t, 'transfer', `update public.transfer set ${set}, v = $3 ${where}`, [account, seq, t.v]);
  const now = t.writes[before]?.key;
  if (now !== undefined && now !== old) t.writes.push({ table: 'transfer', key: old, v: null });
};

const changeTag: Operation = async (t) => {
  const context = t.chance.weighted({ insert: 3, update: 3, delete: 1, rename: 3 });
  const fresh = `c${t.client}-${t.chance.pick(['Ab', 'aB', 'ä', 'Z z', '"q"', `o'`, '\\'])}${t.fresh()}`;
  if (context === 'insert') {
    await put(t, 'tag', `insert into public.tag values ($1, 'new', $2) returning code as key`, [fresh, t.v]);
    return;
  }
  const old = own(t, 'tag');
  if (context === 'delete')
    return gone(t, 'tag', `delete from public.tag where code = $1 returning code as key`, [old]);
  const set = context === 'rename' ? 'code = $3' : 'label = $3';
  const sql = `update public.tag set ${set}, v = $2 where code = $1 returning code as key`;
  const changed = await put(t, 'tag', sql, [old, t.v, fresh]);
  if (changed > 0 && context === 'rename') t.writes.push({ table: 'tag', key: old as string, v: null });
};

const changeNode: Operation = async (t) => {
  const id = own(t, 'node');
  const context = t.chance.weighted({ insert: 3, reparent: 3, rotate: 4, prune: 1 });
  if (context === 'insert') {
    const fresh = base(t) + t.fresh();
    const sql = `insert into public.node values ($1, $2, $3, $1, $4) returning id::text as key`;
    await put(t, 'node', sql, [fresh, id, parentAccount(t), t.v]);
  } else if (context === 'reparent') {
    const sql = `update public.node set parent = $2, v = $3 where id = $1 returning id::text as key`;
    await put(t, 'node', sql, [id, own(t, 'node'), t.v]);
  } else if (context === 'rotate') {
    const ids = [...new Set([id, own(t, 'node'), own(t, 'node')])];
    await put(
      t,
      'node',
      `with chosen as (select id, slot, row_number() over (order by id) as n, count(*) over () as all_ from public.node where id = any ($1))
       update public.node o set slot = other.slot, v = $2 from chosen me join chosen other on other.n = me.n % me.all_ + 1
       where o.id = me.id returning o.id::text as key`,
      [ids, t.v],
    );
  } else {
    await gone(
      t,
      'node',
      `with recursive below as (select id from public.node where id = $1 union select n.id from public.node n join below b on n.parent = b.id)
       delete from public.node where id in (select id from below) and (select count(*) from below) < 20 returning id::text as key`,
      [id],
    );
  }
};

const changeEvent: Operation = async (t) => {
  const context = t.chance.weighted({ insert: 3, flip: 4, move: 3, delete: 1 });
  if (context === 'insert') {
    const sql = `insert into public.event values ($1, date '2023-10-01' + $2::int, $3, $4, 'new', $5) returning id || '/' || day as key`;
    const [day, kind] = [t.chance.int(0, 900), t.chance.pick(['noise', 'sale', 'refund'])];
    const account = parentAccount(t);
    if (account !== null) await put(t, 'event', sql, [base(t) + t.fresh(), day, account, kind, t.v]);
    return;
  }
  const old = own(t, 'event');
  if (old === null) return;
  const [id, day] = old.split('/');
  const where = `where id = $1 and day = $2 returning id || '/' || day as key`;
  if (context === 'delete') return gone(t, 'event', `delete from public.event ${where}`, [id, day]);
  const set =
    context === 'flip'
      ? `kind = case kind when 'noise' then 'sale' else 'noise' end`
      : `day = day + ${t.chance.pick([-400, -30, 1, 90, 400])}`;
  const before = t.writes.length;
  await put(t, 'event', `update public.event set ${set}, v = $3 ${where}`, [id, day, t.v]);
  const now = t.writes[before]?.key;
  if (now !== undefined && now !== old) t.writes.push({ table: 'event', key: old, v: null });
};

/** One statement over many rows, more of them than a round takes. */
const bulk: Operation = async (t) => {
  const [from, to] = [base(t), base(t) + ownRange - 1];
  const context = t.chance.pick(['events', 'accounts', 'load']);
  if (context === 'load') {
    const first = base(t) + 100_000_000 + t.fresh() * 1_000;
    const sql = `insert into public.event select $1::bigint + i, date '2024-02-01' + i % 600, $2::bigint, 'bulk', 'b', $3::bigint from generate_series(1, $4::int) i returning id || '/' || day as key`;
    const account = parentAccount(t);
    if (account !== null) await put(t, 'event', sql, [first, account, t.v, t.chance.int(200, 900)]);
  } else if (context === 'events') {
    const sql = `update public.event set payload = 'bulk', v = $3 where id between $1 and $2 returning id || '/' || day as key`;
    await put(t, 'event', sql, [from, to, t.v]);
  } else {
    const sql = `update public.account set balance_cents = -balance_cents, v = $3 where id between $1 and $2 returning id::text as key`;
    await put(t, 'account', sql, [from, to, t.v]);
  }
};

/** The side table belongs to the first client alone, so that a TRUNCATE takes nobody else's rows. */
const changeSide: Operation = async (t) => {
  if (t.client !== 1) return;
  if (t.chance.in(0.15)) {
    // what this transaction wrote before is gone too
    const now = await t.query(`select id::text as key from public.side`);
    await t.query(`truncate public.side`);
    for (const { key } of now) t.writes.push({ table: 'side', key: key as string, v: null });
  }
  const sql = `insert into public.side select $1::bigint + i, 's', $2::bigint from generate_series(1, $3::int) i returning id::text as key`;
  await put(t, 'side', sql, [base(t) + t.fresh() * 100, t.v, t.chance.int(1, 60)]);
  const id = own(t, 'side');
  await put(t, 'side', `update public.side set val = val || '!', v = $2 where id = $1 returning id::text as key`, [
    id,
    t.v,
  ]);
};

const changeProfile: Operation = async (t) => {
  const context = t.chance.weighted({ insert: 2, handle: 3, swap: 3, bio: 2, delete: 1, reuse: 2 });
  const [id, other] = [own(t, 'profile'), own(t, 'profile')];
  const update = `update public.profile set handle = $2, v = $3 where id = $1 returning id::text as key`;
  if (context === 'insert') {
    const fresh = base(t) + t.fresh();
    const sql = `insert into public.profile values ($1, $2, $3, 'new', $4) returning id::text as key`;
    const account = parentAccount(t);
    if (account !== null) await put(t, 'profile', sql, [fresh, account, `h${fresh}`, t.v]);
  } else if (context === 'handle') await put(t, 'profile', update, [id, `h${id}-${t.v}`, t.v]);
  else if (context === 'bio') {
    await put(t, 'profile', `update public.profile set bio = $2, v = $3 where id = $1 returning id::text as key`, [
      id,
      `bio ${t.v}`,
      t.v,
    ]);
  } else if (context === 'delete') {
    await gone(t, 'profile', `delete from public.profile where id = $1 returning id::text as key`, [id]);
  } else if (id !== other && id !== null && other !== null) {
    const rows = await t.query(`select id::text as id, handle from public.profile where id = any ($1) order by id`, [
      [id, other],
    ]);
    const [a, b] = rows;
    if (a === undefined || b === undefined) return;
    if (context === 'reuse') {
      // the handle goes over to another row whose own is given up
      await gone(t, 'profile', `delete from public.profile where id = $1 returning id::text as key`, [a['id']]);
      await put(t, 'profile', update, [b['id'], a['handle'], t.v]);
      return;
    }
    await put(t, 'profile', update, [a['id'], `parked-${t.client}-${t.v}`, t.v]);
    await put(t, 'profile', update, [b['id'], a['handle'], t.v]);
    await put(t, 'profile', update, [a['id'], b['handle'], t.v]);
  }
};

/** Emails that are equal once they are cleaned: some rows have to wait until others let go. */
const changeMember: Operation = async (t) => {
  const email = t.chance.in(0.5)
    ? `${t.chance.pick(['shared', 'Shared', ' SHARED'])}${t.chance.int(1, 12)}@x.test`
    : t.chance.in(0.1)
      ? null
      : `m${base(t) + t.fresh()}@x.test`;
  const context = t.chance.weighted({ insert: 2, update: 4, delete: 2 });
  const id = own(t, 'member');
  if (context === 'insert') {
    const sql = `insert into public.member values ($1, $2, $3) returning id::text as key`;
    await put(t, 'member', sql, [base(t) + t.fresh(), email, t.v]);
  } else if (context === 'update') {
    const sql = `update public.member set email = $2, v = $3 where id = $1 returning id::text as key`;
    await put(t, 'member', sql, [id, email, t.v]);
  } else await gone(t, 'member', `delete from public.member where id = $1 returning id::text as key`, [id]);
};

/** Remarks about leaf accounts, which come and go without asking. */
const changeRemark: Operation = async (t) => {
  const account = t.chance.in(0.1) ? null : leafAccount(t);
  const context = t.chance.weighted({ insert: 2, move: 3, delete: 1, raise: 1 });
  const id = own(t, 'remark');
  if (context === 'insert') {
    const sql = `insert into public.remark values ($1, $2, 'new', $3) returning id::text as key`;
    await put(t, 'remark', sql, [base(t) + t.fresh(), account, t.v]);
  } else if (context === 'move') {
    const sql = `update public.remark set account = $2, v = $3 where id = $1 returning id::text as key`;
    await put(t, 'remark', sql, [id, account, t.v]);
  } else if (context === 'delete') {
    await gone(t, 'remark', `delete from public.remark where id = $1 returning id::text as key`, [id]);
  } else {
    // the missing parent appears
    const sql = `insert into public.account select r.account, 'r' || r.account || '-' || $2::bigint || '@x.test', 'Raised', 0, null, $2::bigint
      from public.remark r where r.id = $1 and r.account is not null and not exists (select from public.account a where a.id = r.account)
      returning id::text as key`;
    await put(t, 'account', sql, [id, t.v]);
  }
};

const weights = {
  insertAccount: 4,
  updateAccount: 8,
  deleteLeaf: 3,
  renumberLeaf: 3,
  renumberParent: 1,
  deleteFamily: 1,
  swapEmails: 4,
  insertTransfer: 5,
  changeTransfer: 6,
  changeTag: 5,
  changeNode: 6,
  changeEvent: 8,
  changeSide: 4,
  changeProfile: 6,
  changeMember: 5,
  changeRemark: 5,
  bulk: 0.2,
};

const operations: Readonly<Record<keyof typeof weights, Operation>> = {
  insertAccount,
  updateAccount,
  deleteLeaf,
  renumberLeaf,
  renumberParent,
  deleteFamily,
  swapEmails,
  insertTransfer,
  changeTransfer,
  changeTag,
  changeNode,
  changeEvent,
  changeSide,
  changeProfile,
  changeMember,
  changeRemark,
  bulk,
};

/** One operation by chance. */
export function operate(t: Transaction): Promise<void> {
  return operations[t.chance.weighted(weights)](t);
}
