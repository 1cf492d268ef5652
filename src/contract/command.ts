import type { ApproveMessage, AbortMessage, DecideMessage, PauseMessage, ResolveMessage } from './run';
import type { DrillMessage } from './delta';

/** What an operator says to a run, by the name of its update. */
export type Command =
  | { readonly name: 'approve'; readonly message: ApproveMessage }
  | { readonly name: 'decide'; readonly message: DecideMessage }
  | { readonly name: 'resolve'; readonly message: ResolveMessage }
  | { readonly name: 'drill'; readonly message: DrillMessage }
  | { readonly name: 'abort'; readonly message: AbortMessage }
  | { readonly name: 'pause' | 'resume'; readonly message: PauseMessage };
export type CommandName = Command['name'];

/** Where a command has got to, as the ledger keeps it. `body` holds no row data. */
export interface CommandRecord {
  /** The id of the update: the same one, however often it is sent or tried. */
  readonly id: string;
  readonly name: CommandName;
  /** The event that says it was done, such as `approved`. */
  readonly kind: string;
  readonly state: 'accepted' | 'done' | 'refused';
  readonly body: Readonly<Record<string, string | number | boolean | null>>;
}
