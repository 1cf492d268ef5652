import { captureErrors } from './capture-errors';
import { checkErrors } from './check-errors';
import { cliErrors } from './cli-errors';
import { connectionErrors } from './connection-errors';
import { copyErrors } from './copy-errors';
import { cutoverErrors } from './cutover-errors';
import { deltaErrors } from './delta-errors';
import { discoveryErrors } from './discovery-errors';
import { environmentErrors } from './environment-errors';
import { operationErrors } from './operation-errors';
import { planErrors } from './plan-errors';
import { prepareErrors } from './prepare-errors';
import { proofErrors } from './proof-errors';
import { rollbackErrors } from './rollback-errors';
import { runErrors } from './run-errors';
import { shapeErrors } from './shape-errors';
import { targetErrors } from './target-errors';

/** Every error a user can see. Ranges: 1 plan, 2 check, 3 connection, 4 run, 5 copy, 6 proof, 7 rollback, 8 environment, 9 CLI. */
export const catalogue = {
  ...planErrors,
  ...checkErrors,
  ...shapeErrors,
  ...targetErrors,
  ...connectionErrors,
  ...runErrors,
  ...operationErrors,
  ...discoveryErrors,
  ...copyErrors,
  ...prepareErrors,
  ...captureErrors,
  ...deltaErrors,
  ...cutoverErrors,
  ...proofErrors,
  ...rollbackErrors,
  ...environmentErrors,
  ...cliErrors,
} as const;

export type ErrorCode = keyof typeof catalogue;
