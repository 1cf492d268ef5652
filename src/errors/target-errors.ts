import type { CatalogueEntry } from './entry';

/** RP207x: rules, rights and guests of the target that a run meets, said before it. */
export const targetErrors = {
  RP2070: {
    title: 'Foreign key that is NOT VALID',
    why: 'PostgreSQL has not checked whether existing rows have a parent. The run checks every row that it loads and counts orphans in its proof; it restores the key as NOT VALID, as it was.',
    fix: 'Nothing if it may stay NOT VALID. With `validate: true` on the table, the run validates it.',
    exit: 2,
    retryable: false,
  },
  RP2071: {
    title: 'CHECK that is NOT VALID',
    why: 'PostgreSQL checks new rows against it, including those of the run, but has not checked existing rows. It stays NOT VALID.',
    fix: 'Nothing if it may stay NOT VALID. Otherwise ALTER TABLE … VALIDATE CONSTRAINT … when the run is complete.',
    exit: 2,
    retryable: false,
  },
  RP2072: {
    title: 'Index that is not valid',
    why: 'A failed CREATE INDEX CONCURRENTLY leaves such an index: every write has to maintain it and no query uses it. The run leaves it in place as it is.',
    fix: 'REINDEX it or DROP it, preferably before the run.',
    exit: 2,
    retryable: false,
  },
  RP2073: {
    title: 'Foreign key whose triggers are not in their default state',
    why: 'The run drops the foreign key for the load and creates it again. A new foreign key has its triggers enabled, so it would not be as it was.',
    fix: 'As a superuser: ALTER TABLE … ENABLE TRIGGER ALL on both tables, or drop the foreign key.',
    exit: 2,
    retryable: false,
  },
  RP2074: {
    title: 'Published target table without a replica identity',
    why: 'A publication includes updates and deletes of the table, and PostgreSQL refuses them without a replica identity. The run needs them to remove rows that break a rule and to apply changes of a followed source.',
    fix: 'ALTER TABLE … REPLICA IDENTITY FULL, or add a primary key.',
    exit: 2,
    retryable: false,
  },
  RP2075: {
    title: 'An index or foreign key could not be restored',
    why: 'The run drops indexes and foreign keys of the target for the load. It tried with this role to create them again on an empty copy of the table, and the target refused.',
    fix: 'Make what the message names possible for this role, or drop the index or key yourself before the run.',
    exit: 2,
    retryable: false,
  },
  RP2076: {
    title: 'An event trigger of the target refuses what a run does',
    why: 'Event triggers fire for the DDL of every session. The run creates the ledger, and drops indexes and keys and creates them again.',
    fix: 'ALTER EVENT TRIGGER … DISABLE for the duration of the run, or let it allow this role.',
    exit: 2,
    retryable: false,
  },
  RP2077: {
    title: 'Row security of a target table applies to this role',
    why: 'The run counts and compares rows, and policies would hide some of them. Its sessions set row_security to off, so PostgreSQL refuses instead. FORCE applies policies to the owner too.',
    fix: 'ALTER TABLE … NO FORCE ROW LEVEL SECURITY for the duration of the run, or connect as a role with BYPASSRLS.',
    exit: 2,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
