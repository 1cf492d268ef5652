import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils';
import type { History } from '@temporalio/common/lib/proto-utils';

/** What Temporal recorded of real runs of the version in the making; `npm run record-histories` writes it anew. */
export const historiesFolder = join(__dirname, 'histories');
/** The same of each release, below its version: `npm run keep-histories` puts it there, and nothing changes it again. */
export const releasesFolder = join(__dirname, 'releases');

export interface RecordedHistory {
  /** Folder and file, such as `undone/migration-1`; of a release `0.1.0/undone/migration-1`. */
  readonly name: string;
  readonly text: string;
  readonly history: History;
}

export function recordedHistories(folder = historiesFolder): RecordedHistory[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return { name: file.replace(/\.json$/, ''), text, history: historyFromJSON(JSON.parse(text)) };
    });
}

/** Versions that a changelog says were released. */
export function releasedVersions(changelog: string): string[] {
  return [...changelog.matchAll(/^## \[(\d[^\]]*)\]/gm)].map(([, version]) => version as string);
}
