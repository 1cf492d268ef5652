#!/bin/sh
# Creates and updates the two databases of Temporal. SQL_PASSWORD comes from the environment.
set -eu
tool() {
  temporal-sql-tool --plugin postgres12 --ep temporal-database -p 5432 -u temporal "$@"
}
for part in temporal:temporal temporal_visibility:visibility; do
  database=${part%%:*}
  # Both fail where they were done before; if anything else was wrong, the update fails and says so.
  tool --db "$database" create || true
  tool --db "$database" setup-schema -v 0.0 || true
  tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/${part##*:}/versioned"
done
