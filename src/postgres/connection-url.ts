/** The parts of a connection that a url or a conninfo string (`host=… dbname=…`) names. Nothing is defaulted here. */
export interface ConnectionParts {
  host?: string;
  port?: string;
  database?: string;
  user?: string;
  password?: string;
  parameters: Record<string, string>;
}

/** Parses `postgres://…`, `postgresql://…` or a conninfo string. Returns null for anything else; never throws the text. */
export function parseConnectionUrl(text: string): ConnectionParts | null {
  const trimmed = text.trim();
  if (/^postgres(ql)?:\/\//i.test(trimmed)) return parseUrl(trimmed);
  if (/^[a-z_]+\s*=/i.test(trimmed)) return parseConninfo(trimmed);
  return null;
}

function parseUrl(text: string): ConnectionParts | null {
  // `new URL` refuses an empty host (`postgres:///db?host=/run`), which libpq allows, and user info before a missing one
  const match = /^[a-z]+:\/\/(?:([^/?#@]*(?:@[^/?#@]*)*)@)?([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(text);
  if (match === null) return null;
  const parts: ConnectionParts = { parameters: {} };
  try {
    const [userInfo, address, path, query] = [match[1], match[2] ?? '', match[3] ?? '', match[4] ?? ''];
    if (userInfo !== undefined) {
      const colon = userInfo.indexOf(':');
      const user = decodeURIComponent(colon < 0 ? userInfo : userInfo.slice(0, colon));
      if (user !== '') parts.user = user;
      if (colon >= 0) parts.password = decodeURIComponent(userInfo.slice(colon + 1));
    }
    if (address.includes(',')) return null;
    const hostPort = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(address);
    if (hostPort === null) return null;
    const host = decodeURIComponent((hostPort[1] ?? '').replace(/^\[|\]$/g, ''));
    if (host !== '') parts.host = host;
    if (hostPort[2] !== undefined && hostPort[2] !== '') parts.port = hostPort[2];
    if (path !== '') parts.database = decodeURIComponent(path);
    for (const [name, value] of new URLSearchParams(query)) assign(parts, name, value);
  } catch {
    return null;
  }
  return parts;
}

function parseConninfo(text: string): ConnectionParts | null {
  const parts: ConnectionParts = { parameters: {} };
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)/giy;
  let end = 0;
  for (let match = pair.exec(text); match !== null; match = pair.exec(text)) {
    assign(parts, (match[1] as string).toLowerCase(), (match[2] ?? match[3] ?? '').replace(/\\(.)/g, '$1'));
    end = pair.lastIndex;
  }
  return text.slice(end).trim() === '' ? parts : null;
}

function assign(parts: ConnectionParts, name: string, value: string): void {
  if (name === 'host' || name === 'port' || name === 'user' || name === 'password') parts[name] = value;
  else if (name === 'dbname') parts.database = value;
  else parts.parameters[name] = value;
}
