/** Lets a test write to the view of the quarantine as if it were one table, to plant what the product never would. */
export async function writableQuarantine(target: { query(sql: string): Promise<unknown> }): Promise<void> {
  await target.query(`create function rowproof.planted() returns trigger language plpgsql as $$
    declare number int; name text;
    begin
      if tg_op <> 'INSERT' then
        delete from rowproof.quarantined q using rowproof.mapping m
        where m.run = old.run and m.name = old.mapping and q.mapping = m.id and q.source_key = old.source_key;
        if tg_op = 'DELETE' then return old; end if;
      end if;
      select id into strict number from rowproof.mapping m where m.run = new.run and m.name = new.mapping;
      name := 'planted ' || gen_random_uuid();
      insert into rowproof.quarantine_cause (mapping, cause, class, reason, finding, column_name, transform, sqlstate, constraint_name, findings, batch, adjustment)
      values (number, name, new.class, new.reason, new.finding, new.column_name, new.transform, new.sqlstate, new.constraint_name, coalesce(new.findings, '{}'), new.batch, new.adjustment);
      insert into rowproof.quarantined values (number, new.source_key, name, new.refs);
      return new;
    end $$;
    create trigger planted instead of insert or update or delete on rowproof.quarantine for each row execute function rowproof.planted()`);
}
