export { batchCopy } from './batch-copy';
export { captureMonitor } from './capture-monitor';
export { cutover } from './cutover';
export { delta } from './delta';
export { discovery } from './discovery';
export { migration } from './migration';
export { rollback } from './rollback';
export { validation } from './validation';
