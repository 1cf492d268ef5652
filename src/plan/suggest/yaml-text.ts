import type { Json } from '../../contract/resolved-plan';

const reserved = /^(null|true|false|yes|no|on|off|y|n|~)$/i;

/** A text as a YAML scalar that every YAML reader takes for text. */
export function yamlText(text: string): string {
  return /^[A-Za-z_][A-Za-z0-9_./-]*$/.test(text) && !reserved.test(text)
    ? text
    : JSON.stringify(text).replaceAll('\u007f', '\\u007f').replaceAll('\ufeff', '\\ufeff');
}

/** A value in flow style: `[trim, { null_if: ["", n/a] }]`. */
export function yamlFlow(value: Json): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return String(value);
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? value : yamlText(value);
  if (Array.isArray(value)) return `[${value.map((item) => yamlFlow(item as Json)).join(', ')}]`;
  const entries = Object.entries(value as Record<string, Json>);
  return `{ ${entries.map(([key, inner]) => `${reserved.test(key) ? JSON.stringify(key) : yamlText(key)}: ${yamlFlow(inner)}`).join(', ')} }`;
}

/** One line of comment whatever the text holds. */
export function yamlComment(text: string): string {
  return `# ${text.replace(/[\p{Cc}\u2028\u2029\ufeff]/gu, ' ')}`;
}
