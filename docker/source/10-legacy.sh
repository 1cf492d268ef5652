#!/bin/sh
# An example of a database that grew: prices in cents, dates as text, an email twice. rowproof reads it as its own role.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$ROWPROOF_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role rowproof_reader login password :'password';

create table tbl_cust (
  cust_no integer primary key,
  cust_nm varchar(80),
  e_mail varchar(120),
  stat varchar(10),
  signup_dt varchar(10)
);
create table orders (
  order_id bigint primary key,
  cust_no integer,
  order_dt varchar(10),
  total_cents integer not null
);

insert into tbl_cust
select n,
       initcap('customer ' || n),
       case when n % 500 = 0 then 'shared@example.org' else '  User' || n || '@Example.org ' end,
       (array['A', 'active', 'I', 'X'])[1 + n % 4],
       case when n % 3 = 0 then to_char(date '2012-01-01' + n % 3000, 'DD/MM/YYYY')
            when n % 997 = 0 then '31/02/2015'
            else to_char(date '2012-01-01' + n % 3000, 'YYYY-MM-DD') end
from generate_series(1, 20000) as n;

insert into orders
select n,
       case when n % 4000 = 0 then 900000 + n else 1 + n % 20000 end,
       to_char(date '2015-01-01' + n % 3000, 'DD/MM/YYYY'),
       100 + n % 100000
from generate_series(1, 100000) as n;

grant usage on schema public to rowproof_reader;
grant select on all tables in schema public to rowproof_reader;
analyze;
SQL
