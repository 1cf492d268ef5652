import { DefaultFailureConverter } from '@temporalio/common';

/** Message and stack of a failure go into a payload, which the codec encodes. Temporal loads this file by its path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
