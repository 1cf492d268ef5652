/** Exit codes of every command; docs/cli.md lists them. */
export const exitCodes = {
  ok: {
    code: 0,
    means: 'done; for a run: every row is accounted for, proved, and every quarantined row has a decision',
  },
  notProved: {
    code: 1,
    means:
      'the run or check ended without proof: failed, aborted, differences, undecided findings; the drill did not complete',
  },
  usage: { code: 2, means: 'bad arguments, or a plan with problems' },
  connection: { code: 3, means: 'a database could not be reached, or refused the connection or a statement' },
  state: { code: 4, means: 'the run is not in a state for this command' },
  rollback: { code: 5, means: 'a rollback was refused or did not restore the old state' },
  environment: { code: 6, means: 'PostgreSQL binaries, Temporal or a worker are missing' },
  waiting: {
    code: 7,
    means:
      'the run waits for a person: a decision, an approval, a blocked batch; it goes on after the answer. Not with `run --wait`. `worker --drain`: runs are open',
  },
  internal: { code: 70, means: 'a bug in rowproof; please report it' },
  detached: { code: 130, means: 'Ctrl-C: detached, the run goes on' },
} as const;
