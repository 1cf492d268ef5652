/**
 * Parts of a computed id are hashed as text, so equal keys must have equal text: numeric keys lose trailing zeros (7.00 is 7),
 * everything else is its `::text`.
 */
export function keyPartToSql(typeName: string, text: string): string {
  return typeName === 'numeric' ? `trim_scale((${text})::numeric)::text` : text;
}

export function keyPart(typeName: string, text: string): string {
  if (typeName !== 'numeric' || !text.includes('.')) return text;
  return text.replace(/\.?0+$/, '');
}
