/** The one place that quotes identifiers and literals. */

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function qualified(relation: { readonly schema: string; readonly name: string }): string {
  return `${identifier(relation.schema)}.${identifier(relation.name)}`;
}

/** A text literal, right under any standard_conforming_strings; NULL for null. */
export function literal(value: string | null): string {
  if (value === null) return 'NULL';
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}

/** `crm.order`: a relation in a sentence, never in SQL. */
export function dotted(relation: { readonly schema: string; readonly name: string }): string {
  return `${relation.schema}.${relation.name}`;
}

/** Several of them: `crm.order, crm.item and 3 more`. */
export function dottedAll(relations: readonly { readonly schema: string; readonly name: string }[]): string {
  const shown = relations.slice(0, 3).map(dotted).join(', ');
  return relations.length > 3 ? `${shown} and ${relations.length - 3} more` : shown;
}

/** SQL names inside a text as people read them: without their quotes. */
export function unquoted(text: string): string {
  return text.replace(/"((?:[^"]|"")*)"/g, (_, name: string) => name.replaceAll('""', '"'));
}
