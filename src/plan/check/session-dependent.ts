/** What makes an SQL expression depend on the session, the clock or chance, each with the way out. */

const clock = "Write the moment as a constant with its offset, such as `timestamptz '2026-01-31 18:00:00+00'`.";
const chance =
  'Compute it from the row, for example with `id: { uuid_from: … }`; the same row must give the same value in every run.';
const who = 'Write the value as a constant.';
const locale = 'Use the steps `parse_date` or `parse_number` on the column, or `lpad`, `extract` and `||` for output.';

const fixes = new Map<string, string>();
function add(fix: string, names: string): void {
  for (const name of names.split(' ')) fixes.set(name, fix);
}
add(
  clock,
  'now clock_timestamp statement_timestamp transaction_timestamp timeofday pg_postmaster_start_time pg_conf_load_time',
);
add(
  chance,
  'random random_normal gen_random_uuid uuidv4 uuidv7 uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes setseed',
);
add('Ids come from `id:`, sequences are advanced when the load is over.', 'nextval currval lastval setval');
add(
  who,
  'current_setting set_config current_database current_schemas inet_client_addr inet_client_port inet_server_addr inet_server_port pg_backend_pid txid_current txid_current_if_assigned txid_current_snapshot pg_current_xact_id pg_current_snapshot pg_current_wal_lsn version current_query pg_is_in_recovery row_security_active pg_my_temp_schema pg_trigger_depth pg_sleep pg_advisory_lock pg_try_advisory_lock pg_advisory_xact_lock',
);
add(locale, 'to_char to_date to_number');
add(
  "Use the step `parse_date` and, for an instant, `at_zone`; for seconds since 1970 write `timestamptz '1970-01-01 00:00:00+00' + x * interval '1 second'`.",
  'to_timestamp',
);

/** Functions, by name, that are refused when called. */
export const refusedCalls: ReadonlyMap<string, string> = fixes;

/** Words that are values without being called. */
export const refusedWords: ReadonlyMap<string, string> = new Map([
  ...['current_date', 'current_time', 'current_timestamp', 'localtime', 'localtimestamp'].map(
    (name) => [name, clock] as const,
  ),
  ...['current_user', 'session_user', 'user', 'current_role', 'current_catalog', 'current_schema', 'system_user'].map(
    (name) => [name, who] as const,
  ),
  ['tablesample', chance] as const,
]);

export type TemporalType = 'date' | 'timestamp' | 'timestamptz' | 'time' | 'timetz';

/** What a cast to `to` from a value of type `from` needs from the session; null when nothing. `from` null: unknown. */
export function castDependsOn(
  from: string | null,
  to: TemporalType | 'text' | 'money',
): { why: string; fix: string } | null {
  const dateStyle = 'How text is read as a date depends on DateStyle.';
  const zone = 'Converting between local time and an instant needs a time zone, and the session would decide which.';
  if (to === 'money') return { why: 'How money is read and written depends on lc_monetary.', fix: 'Use numeric.' };
  if (from === null)
    return {
      why: 'The value is not a plain column: it may be text, which is read by DateStyle, or may lack a time zone.',
      fix: 'Use `{ from: column, steps: [{ parse_date: [YYYY-MM-DD] }] }`, or cast a plain column.',
    };
  const family = /^(text|character varying|varchar|character|char|bpchar|name|citext|"char")/.test(from)
    ? 'text'
    : from.startsWith('timestamp') && (from.includes('with time zone') || from.startsWith('timestamptz'))
      ? 'timestamptz'
      : from.startsWith('timestamp')
        ? 'timestamp'
        : from === 'date'
          ? 'date'
          : 'other';
  if (to === 'text')
    return family === 'timestamptz'
      ? { why: zone, fix: "Write `(column at time zone 'Europe/Berlin')::text` with the zone you mean." }
      : null;
  if (family === 'text')
    return {
      why: dateStyle,
      fix: 'Use `{ from: column, steps: [{ parse_date: [YYYY-MM-DD] }] }` with the formats that occur; `at_zone` makes an instant of it.',
    };
  if (family === 'timestamptz' && to !== 'timestamptz')
    return { why: zone, fix: "Write `(column at time zone 'Europe/Berlin')` with the zone you mean, then cast." };
  if ((family === 'timestamp' || family === 'date') && (to === 'timestamptz' || to === 'timetz'))
    return { why: zone, fix: "Write `column at time zone 'Europe/Berlin'`, or use the step `at_zone`." };
  return null;
}

const isoDate = String.raw`\d{4}-\d{2}-\d{2}`;
const isoTime = String.raw`\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?`;
const offset = String.raw`(Z|[+-]\d{2}(:?\d{2})?)`;
const forms: Readonly<Record<TemporalType, RegExp>> = {
  date: new RegExp(`^(${isoDate}|-?infinity|epoch)$`),
  timestamp: new RegExp(`^(${isoDate}([ T]${isoTime})?|-?infinity|epoch)$`),
  timestamptz: new RegExp(`^(${isoDate}[ T]${isoTime} ?${offset}|-?infinity|epoch)$`),
  time: new RegExp(`^${isoTime}$`),
  timetz: new RegExp(`^${isoTime}${offset}$`),
};

/** True when a literal of that type means the same in every session: ISO, with an offset where the type has one. */
export function literalIsFixed(text: string, type: TemporalType): boolean {
  return forms[type].test(text);
}
