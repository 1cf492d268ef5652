import { portableCheck } from '../../../src/compile/statements/check-expression';
import { checkTypeNamed } from '../../../src/compile/check-types';

const types: Readonly<Record<string, string>> = {
  qty: 'integer',
  low: 'smallint',
  price: 'numeric',
  name: 'text',
  code: 'character varying',
  flag: 'boolean',
  day: 'date',
  'Odd "name"': 'integer',
};

function written(expression: string): string | null {
  const check = portableCheck(expression, (name) => checkTypeNamed(types[name] ?? ''));
  return check === null ? null : check.write((column) => `<${column}>`);
}

test('Comparisons, lists, lengths and patterns are evaluated on the source', () => {
  expect(written('(qty > 0)')).toBe('(<qty> > 0::pg_catalog.int8)');
  expect(written(`((code)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))`)).toBe(
    `((<code> = 'a'::pg_catalog.text) OR (<code> = 'b'::pg_catalog.text))`,
  );
  expect(written(`((qty + low) <= 100)`)).toBe(
    '(((<qty>)::pg_catalog.numeric + (<low>)::pg_catalog.numeric) <= 100::pg_catalog.int8)',
  );
  expect(written(`((price >= (0)::numeric) AND (NOT flag))`)).toBe(
    '((<price> >= (0::pg_catalog.int8)::pg_catalog.numeric) AND (NOT <flag>))',
  );
  for (const expression of [
    `((name IS NULL) OR (char_length(name) <= 10))`,
    `((code)::text ~~ 'a%'::text)`,
    `((code)::text ~ '^[A-Z]{2}-[0-9]+$'::text)`,
    String.raw`(name ~ '^(red|green)\.$'::text)`,
    `(day >= '2000-01-01'::date)`,
    `(btrim(name) <> ''::text)`,
    `(TRIM(BOTH FROM name) <> ''::text)`,
    `(COALESCE(qty, 0) >= '-1'::integer)`,
    `("Odd ""name""" > 0)`,
    `CASE WHEN flag THEN (qty > 0) ELSE (qty < 0) END`,
    `(qty IS DISTINCT FROM 3)`,
  ])
    expect([expression, written(expression) !== null]).toEqual([expression, true]);
});

test('What may depend on a locale, a session or an extension, or may raise, is left to the target', () => {
  for (const expression of [
    `(name > 'a'::text)`,
    `(lower(name) = name)`,
    `(name ~~* 'a%'::text)`,
    String.raw`((code)::text ~ '^\d+$'::text)`,
    `(name ~ '^[[:alpha:]]+$'::text)`,
    `(name ~ '('::text)`,
    String.raw`(name ~~ 'a\'::text)`,
    `((100 / qty) > 1)`,
    `((price * price) > (1)::numeric)`,
    `app.is_fine(qty)`,
    `((qty)::numeric(3,1) > 1.0)`,
    `((name)::integer > 0)`,
    `(day > CURRENT_DATE)`,
    `(unknown > 0)`,
    `(name OPERATOR(public.=) 'a'::text)`,
    `((name)::app.citext = 'a'::app.citext)`,
    `(abs(qty) > 0)`,
  ])
    expect([expression, written(expression)]).toEqual([expression, null]);
});
