import type { ErrorCode } from '../../errors/catalogue';

export interface SqlProblem {
  readonly code: Extract<ErrorCode, 'RP1014' | 'RP1015' | 'RP1016'>;
  readonly what: string;
  readonly why?: string;
  readonly fix?: string;
}
