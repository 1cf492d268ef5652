import type { ResolvedPlan } from '../contract/resolved-plan';
import { canonicalJson } from './canonical-json';

/** Sorts by a text of each item, so that the order in the file does not count. */
function by<T>(items: readonly T[], text: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, key: text(item) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ item }) => item);
}

/** The part of a plan that can change a row, or what is held to be right about rows. */
function rowRelevant(plan: ResolvedPlan): unknown {
  return {
    version: plan.version,
    name: plan.name,
    capture: plan.capture,
    // what functions of the target find decides what triggers make of a row
    ...(plan.target.searchPath == null ? {} : { searchPath: plan.target.searchPath }),
    mappings: by(
      plan.mappings.map(({ ignore: _, unmappedSourceColumns: __, columns, ...mapping }) => ({
        ...mapping,
        columns: by(columns, (column) => column.target),
      })),
      (mapping) => canonicalJson(mapping.target),
    ),
    decisions: by(
      plan.decisions.map(({ finding, do: action, expect }) => ({ finding, do: action, expect })),
      (decision) => decision.finding,
    ),
    spotChecks: by(plan.spotChecks, (check) => check.name),
  };
}

/**
 * SHA-256 (hex) over what can change a row and over `compiled`, the version of what the compiler makes of it, and its first eight digits as people type
 * them. Outside: settings, connections (but for the stated search_path), who decided and why, what is ignored on purpose, order and comments.
 */
export function planDigest(
  plan: ResolvedPlan,
  compiled: string,
  sha256: (bytes: Uint8Array) => Uint8Array,
): { digest: string; code: string } {
  const text = canonicalJson({ compiled, plan: rowRelevant(plan) });
  const digest = [...sha256(new TextEncoder().encode(text))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { digest, code: `${digest.slice(0, 4)}-${digest.slice(4, 8)}` };
}
