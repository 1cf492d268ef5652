import type { TargetDocument } from '../../contract/plan-connection';
import type { PlanDocument } from '../../contract/plan-file';
import type { ConnectionSpec } from '../../contract/resolved-plan';

function connection(document: string | TargetDocument): ConnectionSpec {
  const { url, url_file, password_file, env_prefix, search_path, tls }: TargetDocument =
    typeof document === 'string' ? { url: document } : document;
  return {
    url: url ?? null,
    urlFile: url_file ?? null,
    passwordFile: password_file ?? null,
    envPrefix: env_prefix ?? (url === undefined && url_file === undefined ? '' : null),
    ...(search_path === undefined ? {} : { searchPath: search_path }),
    tls: {
      mode: tls?.mode ?? null,
      caFile: tls?.ca_file ?? null,
      certFile: tls?.cert_file ?? null,
      keyFile: tls?.key_file ?? null,
    },
  };
}

/** The connections of a plan; needs no catalog, so that the catalogs can be read with them. */
export function connectionsOf(document: PlanDocument): {
  sources: Record<string, ConnectionSpec>;
  target: ConnectionSpec;
} {
  return {
    sources: Object.fromEntries(Object.entries(document.sources).map(([name, source]) => [name, connection(source)])),
    target: connection(document.target),
  };
}
