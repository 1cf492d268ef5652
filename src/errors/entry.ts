/** One entry of the error catalogue. Codes never change their meaning and are never reused. */
export interface CatalogueEntry {
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  /** Exit code of the CLI, see docs/cli.md. */
  readonly exit: 1 | 2 | 3 | 4 | 5 | 6 | 70;
}
