import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { ClientConnectConfig } from '@temporalio/envconfig';

/** True when the environment or a profile file names a Temporal server. */
export function temporalIsConfigured(env: NodeJS.ProcessEnv): boolean {
  return (
    ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some((name) => (env[name] ?? '') !== '') ||
    profileAddress()
  );
}

/** Address, namespace, TLS and API key as the Temporal CLI reads them (environment, then profile file). */
export function temporalConfig(): ClientConnectConfig {
  return loadClientConnectConfig();
}

function profileAddress(): boolean {
  try {
    return (loadClientConnectConfig({ disableEnv: true } as never).connectionOptions?.address ?? '') !== '';
  } catch {
    return false;
  }
}
