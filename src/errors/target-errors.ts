import type { CatalogueEntry } from './entry';

/** RP207x: rules, rights and guests of the target that a run meets, said before it. */
export const targetErrors = {
  RP2070: {
    title: 'Foreign key that is NOT VALID',
    why: 'PostgreSQL never looked whether the rows of before have a parent. The run looks at every row it loads and counts orphans in its proof; the key comes back NOT VALID, as it was.',
    fix: 'Nothing, if it may stay so. With `validate: true` at the table it comes back validated.',
    exit: 2,
    retryable: false,
  },
  RP2071: {
    title: 'CHECK that is NOT VALID',
    why: 'PostgreSQL holds new rows against it, those of the run too, and never looked at the rows of before. It stays NOT VALID.',
    fix: 'Nothing, if it may stay so. Else ALTER TABLE … VALIDATE CONSTRAINT … when the run is complete.',
    exit: 2,
    retryable: false,
  },
  RP2072: {
    title: 'Index that is not valid',
    why: 'A CREATE INDEX CONCURRENTLY that failed leaves such an index: it costs every write and no query uses it. The run leaves it in place as it is.',
    fix: 'REINDEX it or DROP it, best before the run.',
    exit: 2,
    retryable: false,
  },
  RP2073: {
    title: 'Foreign key whose triggers are not enabled as PostgreSQL makes them',
    why: 'It is dropped for the load, and one that is made again has its triggers enabled: it would not come back as it was.',
    fix: 'As a superuser: ALTER TABLE … ENABLE TRIGGER ALL on both tables, or drop the foreign key.',
    exit: 2,
    retryable: false,
  },
  RP2074: {
    title: 'Published target table without a replica identity',
    why: 'A publication of others publishes updates and deletes of the table, and PostgreSQL refuses those without a replica identity. Rows that break a rule, and changes of a followed source, need them.',
    fix: 'ALTER TABLE … REPLICA IDENTITY FULL, or add a primary key.',
    exit: 2,
    retryable: false,
  },
  RP2075: {
    title: 'What the run takes away could not come back',
    why: 'Indexes and foreign keys of the target are set aside for the load. Making them again was tried with this role on an empty copy of the table, and the target refused.',
    fix: 'Make what the sentence names possible for this role, or drop the index or key yourself before the run.',
    exit: 2,
    retryable: false,
  },
  RP2076: {
    title: 'An event trigger of the target refuses what a run does',
    why: 'Event triggers are run for the DDL of everybody: the ledger is created, indexes and keys are dropped and made again.',
    fix: 'ALTER EVENT TRIGGER … DISABLE for the time of the run, or let it pass this role.',
    exit: 2,
    retryable: false,
  },
  RP2077: {
    title: 'Row security of a target table applies to this role',
    why: 'Rows are counted and compared, and policies would hide some: sessions have row_security off, under which PostgreSQL refuses instead. FORCE applies policies to the owner too.',
    fix: 'ALTER TABLE … NO FORCE ROW LEVEL SECURITY for the time of the run, or connect as a role with BYPASSRLS.',
    exit: 2,
    retryable: false,
  },
} as const satisfies Record<string, CatalogueEntry>;
