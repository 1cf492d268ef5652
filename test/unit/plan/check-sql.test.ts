import { checkSql } from '../../../src/plan/check/check-sql';

const codes = (sql: string): string[] => checkSql(sql, null).map((one) => one.code);

describe('an SQL expression of a plan', () => {
  it.each([
    "del_flag is distinct from 'Y'",
    "note <> 'now() ; -- current_date'",
    "coalesce(a, 'it''s') || E'\\'now()'",
    '"now()" || "current_user"',
    '$$ now(); $$ || a',
    '$tag$ $$ ; $tag$ || a',
    'now_flag = 1 and random_no > 2',
    'my.now()',
    'crm.random(a)',
    "date '2020-01-31'",
    "'2020-01-31'::date < d",
    "timestamptz '2020-01-31 00:00:00+00'",
    "cast('2020-01-31 10:00' as timestamp)",
    'age(a, b)',
    'extract(year from d)',
    "trim(both ' ' from a)",
    'substring(a from 2 for 3)',
    '(select max(o.x) from public.other o where o.id = cust_no)',
    'exists (select 1 from public.a a join only public.b b on a.id = b.id where b.d is not distinct from x)',
    'x in (select y from (select y from public.a) s, lateral public.f(s.y) g)',
    'arr[1] + m[2][3]',
    'amount::numeric(10,2)::text',
    "(ts at time zone 'Europe/Berlin')::date",
    'u.user',
    'exists (select 1 from public.f(a, b) x, public.c)',
    'exists (select 1 from (public.a join public.b on coalesce(a, b) = (c)) where (a) = b)',
    "a ~ '^\\d+$' and b ?| array['x']",
  ])('is taken: %s', (sql) => {
    expect(checkSql(sql, null)).toEqual([]);
  });

  it.each([
    ['created < now()', 'RP1014'],
    ['created < NOW ( )', 'RP1014'],
    ['"now"()', 'RP1014'],
    ['pg_catalog.now()', 'RP1014'],
    ['d = current_date', 'RP1014'],
    ['d = LOCALTIMESTAMP(0)', 'RP1014'],
    ['clock_timestamp() - d', 'RP1014'],
    ["to_char(d, 'TMMonth')", 'RP1014'],
    ["to_date(d, 'DD.MM.YYYY')", 'RP1014'],
    ['to_timestamp(x)', 'RP1014'],
    ['random() < 0.5', 'RP1014'],
    ['gen_random_uuid()', 'RP1014'],
    ['public.gen_random_uuid()', 'RP1014'],
    ["nextval('s')", 'RP1014'],
    ['current_user', 'RP1014'],
    ['a = user', 'RP1014'],
    ["current_setting('x')", 'RP1014'],
    ['age(a)', 'RP1014'],
    ['x::money', 'RP1014'],
    ['upper(a)::date', 'RP1014'],
    ['cast(a || b as timestamp with time zone)', 'RP1014'],
    ['(a || b)::timestamp(3)', 'RP1014'],
    ["date '01/02/2020'", 'RP1014'],
    ["'now'::timestamp", 'RP1014'],
    ["timestamptz '2020-01-31'", 'RP1014'],
    ["'tomorrow'::pg_catalog.date", 'RP1014'],
    ['date(lower(a))', 'RP1014'],
    ['a; drop table x', 'RP1015'],
    ['a -- b', 'RP1015'],
    ['a /* b */', 'RP1015'],
    ['(a', 'RP1015'],
    ['a)', 'RP1015'],
    ['a) or (b', 'RP1015'],
    ["a = 'x", 'RP1015'],
    ["a = E'x\\'", 'RP1015'],
    ['"a', 'RP1015'],
    ['$$ a', 'RP1015'],
    ['a, b', 'RP1015'],
    ['a[1', 'RP1015'],
    ['(a]', 'RP1015'],
    ['$1 = a', 'RP1015'],
    ['   ', 'RP1015'],
    ['select 1', 'RP1015'],
    ['(select max(x) from other)', 'RP1016'],
    ['exists (select 1 from public.a join b on true)', 'RP1016'],
    ['exists (select 1 from public.a, b)', 'RP1016'],
    ['exists (select 1 from (public.a cross join b))', 'RP1016'],
    ['(with w as (select 1) select * from w)', 'RP1016'],
    ['x = (select 1 from public.a union select 2 from b)', 'RP1016'],
  ])('is refused: %s', (sql, code) => {
    expect(codes(sql)[0]).toBe(code);
  });

  it('names every dependence once, with a way out and without literals', () => {
    const found = checkSql("now() > now() and random() > 0.5 and a = 'hunter2'", null);
    expect(found.map((one) => one.what)).toEqual([
      '`now()` depends on the session, the clock or chance.',
      '`random()` depends on the session, the clock or chance.',
    ]);
    expect(found.every((one) => (one.fix ?? '').length > 10)).toBe(true);
    expect(JSON.stringify(found)).not.toContain('hunter2');
  });
});
