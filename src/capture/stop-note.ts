/** What is left on a source as a comment of the capture's own object, where the ledger could not be told why it was ended. */
const prefix = 'stopped: ';

export function stopNote(reason: string): string {
  return `${prefix}${reason}`;
}

/** The reason in a comment; null when it is none of ours. */
export function reasonIn(comment: string | null): string | null {
  return comment?.startsWith(prefix) === true ? comment.slice(prefix.length) : null;
}
