import type { PlantedRow } from './row-outcomes';
import { mappingOf } from './row-outcomes';

export interface SeenRow {
  readonly mapping: string;
  readonly key: string;
  readonly class: string;
  readonly finding: string;
}

export interface ManifestComparison {
  readonly planted: number;
  readonly agreed: number;
  /** Planted rows that quarantine lacks or explains otherwise, and rows in quarantine that nobody planted; table and finding only. */
  readonly differences: readonly string[];
}

/** Holds the quarantine against the truth manifest, row for row. Rows that `where` leaves out are not in quarantine. */
export function compareManifest(planted: readonly PlantedRow[], seen: readonly SeenRow[]): ManifestComparison {
  const expected = new Map<string, PlantedRow>(
    planted.filter((row) => row.finding !== 'where').map((row) => [`${mappingOf[row.table]} ${row.key}`, row] as const),
  );
  const differences: string[] = [];
  let agreed = 0;
  for (const row of seen) {
    const place = `${row.mapping} ${row.key}`;
    const wanted = expected.get(place);
    expected.delete(place);
    if (wanted === undefined) differences.push(`${row.mapping}: a row that was not planted, ${row.finding}`);
    else if (wanted.finding !== row.finding || wanted.class !== row.class) {
      differences.push(
        `${row.mapping}: planted ${wanted.finding} (${wanted.class}), found ${row.finding} (${row.class})`,
      );
    } else agreed += 1;
  }
  for (const row of expected.values()) differences.push(`${mappingOf[row.table]}: planted ${row.finding}, not found`);
  return { planted: planted.filter((row) => row.finding !== 'where').length, agreed, differences };
}
