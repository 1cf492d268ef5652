/** SQL for whether the body of a function names something, as a word of its own and in any case; `after` is a pattern that must follow. */
export function mentions(body: string, name: string, after = ''): string {
  const word = `pg_catalog.regexp_replace(${name}, '(\\W)', '\\\\\\1', 'g')`;
  const end = after === '' ? `'(\\W|$)'` : `'"?${after}'`;
  return `(pg_catalog.strpos(pg_catalog.lower(${body}), pg_catalog.lower(${name})) > 0 and ${body} ~* ('(^|\\W)' || ${word} || ${end}))`;
}

/** CTE body: functions of users, those of extensions left out. */
export const userRoutines = `
    select p.oid, n.nspname, p.proname, p.prosrc, p.provolatile, l.lanname
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace join pg_catalog.pg_language l on l.oid = p.prolang
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'rowproof') and p.prokind in ('f', 'w')
      and not exists (select from pg_catalog.pg_depend e where e.classid = 'pg_catalog.pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')`;

/** Whether what a routine `r` reads cannot be seen from its text. */
export function isOpaque(r: string): string {
  return `(${r}.provolatile <> 'i' and (${r}.lanname not in ('sql', 'plpgsql') or ${r}.lanname = 'plpgsql' and ${r}.prosrc ~* '\\mexecute\\M'))`;
}
