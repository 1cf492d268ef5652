import type { CatalogueEntry } from './entry';

/** RP55xx: cutover, drill and switch. */
export const cutoverErrors = {
  RP5450: {
    title: 'A subscription writes to the target',
    why: 'A subscription fills a mapped table of the target. The guard refuses its rows, and its worker would retry forever.',
    fix: 'Disable the subscription until the run is complete (ALTER SUBSCRIPTION … DISABLE), or leave the table out of the plan.',
    exit: 3,
    retryable: false,
  },
  RP5451: {
    title: 'The target changed since it was proved',
    why: 'Somebody changed a mapped table after its proof: its file, a column, a key, a trigger or the guard. Rows may have changed with it.',
    fix: 'The target was not opened. Writers of a followed source can write again. The tables are proved again before the next cutover.',
    exit: 5,
    retryable: false,
  },
  RP5452: {
    title: 'A source changed since it was frozen',
    why: 'Somebody changed a mapped table of the source after its writers were stopped: its file, a column, a key or the freeze itself.',
    fix: 'The target was not opened. Writers of a followed source can write again. Its changes are followed and proved before the next cutover.',
    exit: 5,
    retryable: false,
  },
  RP5501: {
    title: 'The source is not frozen',
    why: 'The target may be opened only while nobody can write to the source; otherwise both sides would take writes at the same time.',
    fix: 'Cut over first; it freezes every source of the plan.',
    exit: 5,
    retryable: false,
  },
  RP5502: {
    title: 'The role may not freeze the source',
    why: 'The freeze locks the captured tables and creates triggers on them, which only their owner may do.',
    fix: 'Connect to the source as the owner of these tables, or grant the role that owns them.',
    exit: 3,
    retryable: false,
  },
  RP5503: {
    title: 'The freeze could not be released yet',
    why: 'Dropping a trigger needs a short lock on its table, and somebody else holds the table.',
    fix: 'End the sessions that are named, or wait for them; rowproof tries again by itself.',
    exit: 5,
    retryable: true,
  },
  RP5504: {
    title: 'It is not known whether the freeze took effect',
    why: 'The connection to the source was lost while the freeze committed, and the source does not answer.',
    fix: 'Start the source again: the next attempt first checks whether the freeze exists.',
    exit: 5,
    retryable: true,
  },
  RP5505: {
    title: 'The switch hook failed',
    why: 'settings.switch tells the applications to use the target; until it succeeds they may still try the source, which refuses writes.',
    fix: 'Repair what the hook calls; it is called again with the same idempotency key. Or switch by hand and confirm it.',
    exit: 5,
    retryable: true,
  },
  RP5506: {
    title: 'The lease stays locked',
    why: 'A session still holds the lease that writes changes to the target, and that session could not be ended.',
    fix: 'rowproof tries again. If the lease stays locked, end the session of rowproof on the target that is idle in transaction.',
    exit: 5,
    retryable: true,
  },
} as const satisfies Record<string, CatalogueEntry>;
