import { ledgerVersion1 } from './0001-ledger';
import { ledgerVersion2 } from './0002-delta';

/** Forward migrations of the ledger, version 1 first. Append only: ledgers of older versions are out there. */
export const ledgerMigrations: readonly string[] = [ledgerVersion1, ledgerVersion2];

/**
 * For each of them the oldest version whose programs can still use the ledger after it. What only adds keeps it: workers of
 * the build before go on with their runs. What they could not bear raises it, and waits until no such run is open.
 */
export const usableFrom: readonly number[] = [1, 2];
