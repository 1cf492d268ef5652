/** True when a url or connection string spells a password instead of naming a variable. */
export function holdsPassword(url: string): boolean {
  const isReference = (text: string): boolean => text === '' || /^(\$\{[^}]+\})+$/.test(text);
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^?#]*)@/i.exec(url)?.[1];
  if (authority !== undefined) {
    const colon = authority.replace(/\$\{[^}]*\}/g, (reference) => '_'.repeat(reference.length)).indexOf(':');
    if (colon >= 0 && !isReference(authority.slice(colon + 1))) return true;
  }
  for (const match of url.matchAll(/(?:^|[?&\s])(?:ssl)?password\s*=\s*('(?:[^'\\]|\\.)*'|[^&\s#]*)/gi))
    if (!isReference((match[1] as string).replace(/^'|'$/g, ''))) return true;
  return false;
}
