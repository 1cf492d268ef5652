import type { TestDatabase } from './postgres/postgres';

/** How a function is made to end with each SQLSTATE; `$1` is a value of the row, which no sentence may hold. */
export const refusals: Readonly<Record<string, readonly [name: string, body: string]>> = {
  '42P01': ['undefined_table', 'perform 1 from no_such_table'],
  '42703': ['undefined_column', 'perform no_such_column from pg_catalog.pg_class'],
  '42601': ['syntax_error', `execute 'selec ' || quote_literal($1)`],
  '42501': ['insufficient_privilege', 'perform 1 from pg_catalog.pg_authid'],
  '0A000': ['feature_not_supported', `execute 'copy pg_catalog.pg_class to stdout'`],
  '55000': ['object_not_in_prerequisite_state', `perform currval('public.never_used')`],
  '25006': [
    'read_only_sql_transaction',
    `perform set_config('transaction_read_only', 'on', true); perform nextval('public.never_used')`,
  ],
  XX000: ['internal_error', `raise exception 'of %', $1 using errcode = 'XX000', constraint = $1, column = $1`],
  '22021': ['character_not_in_repertoire', `perform convert_from('\\xff', 'UTF8')`],
};

/** What is wrong with the data of a row concerns that row and refuses nothing. */
export const isData = (sqlstate: string): boolean => sqlstate === '22021';

export const works = 'perform 1';

/** Defines public.NAME(text), which returns its argument once the body went well. */
export async function defineFunction(database: TestDatabase, name: string, body: string): Promise<void> {
  await database.query(`create or replace function public.${name}(text) returns text language plpgsql immutable
    security definer as $body$begin ${body}; return $1; end$body$`);
  // a role without any right of its own: the function may what this one may
  await database.query(
    `alter function public.${name} owner to ${body.includes('pg_authid') ? 'pg_monitor' : 'postgres'}`,
  );
}
