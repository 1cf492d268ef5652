import type { ErrorCode } from '../errors/catalogue';
import type { RowproofError } from '../errors/rowproof-error';
import { RowproofError as RowproofErrorClass, fail } from '../errors/rowproof-error';
import type { ResolvedConnection } from './connection-spec';

interface Fields {
  readonly code: string | null;
  readonly routine: string | null;
  readonly message: string;
}

/** An error of connecting as one of RP30xx: names the connection, host, port, database and role, never a password or url. */
export function connectFailure(error: unknown, connection: ResolvedConnection): RowproofError {
  if (error instanceof RowproofErrorClass) return error;
  const fields = fieldsOf(error);
  const address = connection.host.startsWith('/') ? connection.host : `${connection.host} port ${connection.port}`;
  const where = { object: connection.label };
  const say = (code: ErrorCode, what: string): RowproofError => fail(code, what, { where });
  const { code } = fields;
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return say('RP3001', `${connection.label}: connection to ${address} was refused`);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return say('RP3002', `${connection.label}: host ${connection.host} was not found`);
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return say('RP3003', `${connection.label}: no answer from ${address}`);
    case '28P01':
      return connection.password() === null
        ? say(
            'RP3005',
            `${connection.label}: the server asks for a password of role ${connection.user} and none is given`,
          )
        : say('RP3004', `${connection.label}: the password of role ${connection.user} was not accepted`);
    case '28000':
      return /ssl|encrypt/i.test(fields.message) && /required/i.test(fields.message)
        ? tlsRequired(connection)
        : say(
            'RP3006',
            `${connection.label}: role ${connection.user} may not connect to database ${connection.database} from here`,
          );
    case '3D000':
      return say('RP3011', `${connection.label}: database ${connection.database} does not exist on ${address}`);
    case '42501':
      return say(
        'RP3012',
        `${connection.label}: role ${connection.user} has no CONNECT privilege on database ${connection.database}`,
      );
    case '53300':
      return say('RP3013', `${connection.label}: ${address} has no connection left`);
    case '57P01':
    case '57P02':
    case '57P03':
      return say('RP3014', `${connection.label}: the server is starting up, shutting down or recovering`);
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return say('RP3010', `${connection.label}: the certificate is not for ${connection.host}`);
    default:
  }
  if (isTlsNotOffered(error)) return say('RP3008', `${connection.label}: ${address} does not offer TLS`);
  if (code !== null && /CERT|SELF_SIGNED|UNABLE_TO_|CRL/.test(code)) {
    return say('RP3009', `${connection.label}: the certificate of ${address} is not trusted (${code})`);
  }
  if (
    code?.startsWith('ERR_SSL') === true ||
    code?.startsWith('ERR_OSSL') === true ||
    /establishing an SSL/.test(fields.message)
  ) {
    return say(
      'RP3022',
      `${connection.label}: the TLS handshake with ${address} failed${code === null ? '' : ` (${code})`}`,
    );
  }
  if (/^timeout expired/.test(fields.message)) return say('RP3003', `${connection.label}: no answer from ${address}`);
  if (/password must be a (non-empty )?string/i.test(fields.message)) {
    return say(
      'RP3005',
      `${connection.label}: the server asks for a password of role ${connection.user} and none is given`,
    );
  }
  if (/^SASL/.test(fields.message))
    return say(
      'RP3004',
      `${connection.label}: the server did not prove that it knows the password of role ${connection.user}`,
    );
  if (code === 'ECONNRESET' || code === 'EPIPE' || /^Connection terminated/.test(fields.message)) {
    return say('RP3023', `${connection.label}: ${address} closed the connection while it was being opened`);
  }
  return say('RP3099', `${connection.label}: connecting to ${address} failed${code === null ? '' : ` (${code})`}`);
}

export function tlsRequired(connection: ResolvedConnection): RowproofError {
  return fail('RP3007', `${connection.label}: the server takes role ${connection.user} only over TLS`, {
    where: { object: connection.label },
  });
}

export function isTlsNotOffered(error: unknown): boolean {
  return /does not support SSL connections/.test(fieldsOf(error).message);
}

/** No line of pg_hba.conf takes this host, role, database and encryption; another choice of encryption might be taken. */
export function isHostRuleRefusal(error: unknown): boolean {
  const { code, routine, message } = fieldsOf(error);
  return code === '28000' && (routine === 'ClientAuthentication' || /ssl|encrypt/i.test(message));
}

function fieldsOf(error: unknown): Fields {
  // several addresses of one name: the last refusal stands for all
  const one = error instanceof AggregateError ? (error.errors[error.errors.length - 1] as unknown) : error;
  const { code, routine, message } = (one ?? {}) as { code?: unknown; routine?: unknown; message?: unknown };
  return {
    code: typeof code === 'string' ? code : null,
    routine: typeof routine === 'string' ? routine : null,
    message: typeof message === 'string' ? message : '',
  };
}
