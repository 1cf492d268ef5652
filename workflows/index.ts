export { batchCopy } from './batch-copy';
export { discovery } from './discovery';
export { migration } from './migration';
export { rollback } from './rollback';
export { validation } from './validation';
