#!/bin/sh
# The schema that the example moves into. rowproof owns its tables and is no superuser.
set -eu
psql -v ON_ERROR_STOP=1 -v password="$ROWPROOF_PASSWORD" --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
create role rowproof_owner login password :'password';
grant create on database shop to rowproof_owner;
create schema shop authorization rowproof_owner;
set role rowproof_owner;

create type shop.customer_status as enum ('active', 'inactive', 'closed');
create table shop.customer (
  id uuid primary key,
  legacy_no integer not null unique,
  full_name text not null,
  email text unique,
  status shop.customer_status not null,
  signed_up_on date not null
);
create table shop.sales_order (
  id uuid primary key,
  legacy_no bigint not null unique,
  customer_id uuid not null references shop.customer,
  ordered_on date not null,
  total numeric(10, 2) not null check (total > 0)
);
create index on shop.sales_order (customer_id);
SQL
