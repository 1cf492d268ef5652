import { ledgerVersion1 } from './0001-ledger';
import { ledgerVersion2 } from './0002-delta';

/** Forward migrations of the ledger, version 1 first. Append only: ledgers of older versions are out there. */
export const ledgerMigrations: readonly string[] = [ledgerVersion1, ledgerVersion2];
