import pino from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';
import type { LogLevel, Logger } from '@temporalio/worker';

export type { PinoLogger };

/** JSON lines on stderr (or a file). Only allow-listed fields of Temporal's metadata get through: never errors or arguments. */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): PinoLogger {
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact: ['*.url', '*.password'] },
    destination,
  );
}

const allowed = [
  'workflowId',
  'runId',
  'workflowType',
  'activityType',
  'activityId',
  'attempt',
  'taskQueue',
  'namespace',
  'durationMs',
  'code',
  'kind',
];

/** The SDK's logger over ours; its metadata may hold an error, of which only the name is kept. */
export function sdkLogger(log: PinoLogger): Logger {
  const write = (level: LogLevel, message: string, meta?: Record<string, unknown>): void => {
    const kept: Record<string, unknown> = {};
    for (const key of allowed) if (meta?.[key] !== undefined) kept[key] = meta[key];
    const error = meta?.['error'];
    if (error instanceof Error) kept['kind'] = (error as { type?: string }).type ?? error.name;
    const name = level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
    log[name](kept, message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
