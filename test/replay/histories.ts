import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import type { History } from '@temporalio/common/lib/proto-utils';

/** What Temporal recorded of real runs; `npm run record-histories` writes it anew. */
export const historiesFolder = join(__dirname, 'histories');

export interface RecordedHistory {
  /** Folder and file, such as `undone/migration-1`. */
  readonly name: string;
  readonly text: string;
  readonly history: History;
}

export function recordedHistories(): RecordedHistory[] {
  return readdirSync(historiesFolder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(historiesFolder, file), 'utf8');
      return { name: file.replace(/\.json$/, ''), text, history: historyFromJSON(JSON.parse(text)) };
    });
}
