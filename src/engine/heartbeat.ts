import type { HeartbeatDetails, Host } from './host';

export interface Progress {
  rows: number;
  bytes: number;
}

/** Heartbeats by time, not by progress, while the work goes on: a long sort moves no bytes and is alive. */
export async function withHeartbeat<T>(
  host: Host,
  subject: HeartbeatDetails,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress: Progress = { rows: 0, bytes: 0 };
  const heartbeat = (): void => host.heartbeat?.({ ...subject, rows: progress.rows, bytes: progress.bytes });
  heartbeat();
  const timer = setInterval(heartbeat, host.heartbeatMs ?? 2_000);
  try {
    return await work(progress);
  } finally {
    clearInterval(timer);
  }
}
