import { PgoutputPlugin, type Pgoutput } from 'pg-logical-replication';
import type { DeliveredRow, LogicalMessage } from '../capture/logical-message';

/**
 * A decoder of the messages of one call, in their order (`proto_version` 1): it remembers the relations that were described.
 * Values stay the text that the server sent.
 */
export function pgoutputDecoder(): (data: Buffer) => LogicalMessage {
  const plugin = new PgoutputPlugin({ protoVersion: 1, publicationNames: [] });
  return (data) => toMessage(plugin.parse(data) as Pgoutput.Message);
}

function toMessage(message: Pgoutput.Message): LogicalMessage {
  switch (message.tag) {
    case 'begin':
      if (message.commitLsn === null) throw new Error('A transaction without position');
      return { kind: 'begin', xid: message.xid >>> 0, commitLsn: message.commitLsn };
    case 'commit':
      if (message.commitEndLsn === null) throw new Error('A commit without position');
      return { kind: 'commit', endLsn: message.commitEndLsn };
    case 'relation':
      // the parser keeps this very object, and would make dates and numbers of the values of later messages
      for (const column of message.columns) column.parser = (raw: unknown) => raw;
      return { kind: 'other' };
    case 'insert':
      return { kind: 'change', relation: message.relation.relationOid >>> 0, before: null, after: row(message.new) };
    case 'update':
      return {
        kind: 'change',
        relation: message.relation.relationOid >>> 0,
        before: row(message.key ?? message.old),
        after: row(message.new),
        ...(message.key === null && message.old === null ? { unchanged: message.relation.keyColumns } : {}),
      };
    case 'delete':
      return {
        kind: 'change',
        relation: message.relation.relationOid >>> 0,
        before: row(message.key ?? message.old),
        after: null,
      };
    case 'truncate':
      return { kind: 'truncate', relations: message.relations.map((relation) => relation.relationOid >>> 0) };
    default:
      return { kind: 'other' };
  }
}

function row(values: Record<string, unknown> | null): DeliveredRow | null {
  return values as DeliveredRow | null;
}
