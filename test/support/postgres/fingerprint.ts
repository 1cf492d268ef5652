/**
 * What is in a schema, by SQL that shares nothing with the product: columns, constraints, indexes, triggers, views,
 * sequences and the rows. Two equal answers are two equal schemas.
 */
export async function lookAt(
  query: <Row>(sql: string, values?: unknown[]) => Promise<Row[]>,
  schema: string,
): Promise<Record<string, string[]>> {
  const texts = async (sql: string): Promise<string[]> =>
    (await query<{ text: string }>(sql, [schema])).map((row) => row.text);
  const found: Record<string, string[]> = {
    columns: await texts(
      `select format('%s.%s %s %s %s', table_name, column_name, udt_name, is_nullable, column_default) as text
       from information_schema.columns where table_schema = $1 order by 1`,
    ),
    constraints: await texts(
      `select format('%s %s %s %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid), c.convalidated) as text
       from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = $1 order by 1`,
    ),
    indexes: await texts(
      `select format('%s %s', i.indexdef, x.indisvalid) as text from pg_indexes i
       join pg_index x on x.indexrelid = format('%I.%I', i.schemaname, i.indexname)::regclass
       where i.schemaname = $1 order by 1`,
    ),
    triggers: await texts(
      `select format('%s %s', pg_get_triggerdef(t.oid), t.tgenabled) as text from pg_trigger t
       join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and not t.tgisinternal order by 1`,
    ),
    relations: await texts(
      `select format('%s %s', c.relname, c.relkind) as text from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 order by 1`,
    ),
    sequences: [],
    rows: [],
  };
  const relations = await query<{ name: string; kind: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name, c.relkind as kind from pg_class c
     join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'm', 'S') order by 1`,
    [schema],
  );
  for (const { name, kind } of relations) {
    const sql =
      kind === 'S'
        ? `select format('${name.replaceAll("'", "''")} %s %s', last_value, is_called) as text from ${name}`
        : `select format('${name.replaceAll("'", "''")} %s %s', count(*), md5(string_agg(t::text, '|' order by t::text collate "C"))) as text from ${name} t`;
    const [row] = await query<{ text: string }>(sql);
    (found[kind === 'S' ? 'sequences' : 'rows'] as string[]).push(row?.text ?? '');
  }
  return found;
}
