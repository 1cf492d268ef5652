/** One entry of the error catalogue. Codes never change their meaning and are never reused. */
export interface CatalogueEntry {
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** Exit code of the CLI, see docs/cli.md. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 70;
  /**
   * Whether another attempt may meet another answer, with nothing done about it: a server that is away or busy, a lease or a lock that others
   * hold. All others stay: refusals, missing rights, closed runs, limits, decisions.
   */
  readonly retryable: boolean;
}
