import { parseConnectionUrl } from '../../../src/postgres/connection-url';

const parameters = {};

test.each([
  [
    'postgres://ana:s%40cret@db.example:6000/crm',
    { host: 'db.example', port: '6000', database: 'crm', user: 'ana', password: 's@cret', parameters },
  ],
  ['postgresql://db/crm', { host: 'db', database: 'crm', parameters }],
  ['postgres://ana@[::1]:5433/a%2Fb', { host: '::1', port: '5433', database: 'a/b', user: 'ana', parameters }],
  [
    'postgres:///crm?host=/run/postgresql&sslmode=require',
    { host: '/run/postgresql', database: 'crm', parameters: { sslmode: 'require' } },
  ],
  ['postgres://%2Frun%2Fpostgresql/crm', { host: '/run/postgresql', database: 'crm', parameters }],
  ['postgres://ana:p@ss:word@db/crm', { host: 'db', database: 'crm', user: 'ana', password: 'p@ss:word', parameters }],
  ['  postgres://db/crm\n', { host: 'db', database: 'crm', parameters }],
  [
    `host=db port=5433 dbname='my crm' user=ana password='it\\'s' connect_timeout=3`,
    {
      host: 'db',
      port: '5433',
      database: 'my crm',
      user: 'ana',
      password: "it's",
      parameters: { connect_timeout: '3' },
    },
  ],
  ['host = db dbname = crm', { host: 'db', database: 'crm', parameters }],
])('%j names its parts', (text, parts) => {
  expect(parseConnectionUrl(text)).toEqual(parts);
});

test.each(['', 'crm', 'mysql://db/crm', 'postgres://a,b/crm', 'postgres://%zz/crm', `host='open`, 'http://x'])(
  '%j is no connection',
  (text) => {
    expect(parseConnectionUrl(text)).toBeNull();
  },
);
