/** Jest global setup: a cluster for the tests, unless ROWPROOF_TEST_SERVER names one already. */
export default function startPostgres(): void {
  process.env['ROWPROOF_TEST_SERVER'] ??= 'postgres://postgres@127.0.0.1:54329/postgres';
}
