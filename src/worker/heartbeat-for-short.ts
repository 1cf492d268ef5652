import type { Context } from '@temporalio/activity';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';

/** What may take no longer than this has no progress to tell of. Longer ones beat themselves, with details that a retry goes on from. */
const shortMs = 120_000;

/** Says for a short activity that its worker lives: else a look-up that went to a worker that died is missed only when its whole time is over. */
export function heartbeatForShort(context: Context): ActivityInboundCallsInterceptor {
  return {
    async execute(input, next) {
      const { heartbeatTimeoutMs, startToCloseTimeoutMs } = context.info;
      if (heartbeatTimeoutMs === undefined || startToCloseTimeoutMs > shortMs) return next(input);
      const timer = setInterval(() => context.heartbeat(), heartbeatTimeoutMs / 4);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
