import { readFile, stat } from 'node:fs/promises';

/**
 * Looks a password up in a .pgpass file (`host:port:database:user:password`, `*` matches anything). Null when the file is
 * absent, readable by others (libpq ignores such a file too), or has no line that fits.
 */
export async function passwordFromFile(
  file: string,
  wanted: { host: string; port: number; database: string; user: string },
): Promise<string | null> {
  let text: string;
  try {
    const facts = await stat(file);
    if (!facts.isFile() || (process.platform !== 'win32' && (facts.mode & 0o077) !== 0)) return null;
    text = await readFile(file, 'utf8');
  } catch {
    return null;
  }
  const host = wanted.host.startsWith('/') ? 'localhost' : wanted.host;
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = (line.match(/(?:\\.|[^:\\])*(?::|$)/g) ?? []).map((field) =>
      field.replace(/:$/, '').replace(/\\(.)/g, '$1'),
    );
    const fits = [host, String(wanted.port), wanted.database, wanted.user].every(
      (value, index) => fields[index] === '*' || fields[index] === value,
    );
    if (fits && fields[4] !== undefined) return fields[4];
  }
  return null;
}
