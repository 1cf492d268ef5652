import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { DataConverter, PayloadCodec } from '@temporalio/common';
import { fail } from '../../errors/rowproof-error';
import { aesGcmCodec, parseKeys } from './aes-gcm';
import { onlyEncoded } from './only-encoded';

export function codecIsOn(env: NodeJS.ProcessEnv): boolean {
  return (env['ROWPROOF_CODEC'] ?? '') !== '';
}

/** What workers and clients of the CLI give to Temporal's SDK; nothing without ROWPROOF_CODEC. */
export function converterOf(env: NodeJS.ProcessEnv): { readonly dataConverter?: DataConverter } {
  if (!codecIsOn(env)) return {};
  const codec = loadCodec(env);
  return {
    dataConverter: {
      payloadCodecs: [env['ROWPROOF_CODEC_ACCEPT_PLAIN'] === '1' ? codec : onlyEncoded(codec)],
      failureConverterPath: join(__dirname, 'encoded-failures.js'),
    },
  };
}

/** The codec that ROWPROOF_CODEC names: `aes-gcm`, or a module that exports `createCodec(env)`. RP4230 where it cannot be had. */
export function loadCodec(env: NodeJS.ProcessEnv): PayloadCodec {
  const name = env['ROWPROOF_CODEC'] ?? '';
  if (name === '') throw fail('RP4230', 'ROWPROOF_CODEC names no payload codec.');
  if (name === 'aes-gcm') return aesGcmCodec(parseKeys(keysIn(env)));
  let found: unknown;
  try {
    found = createRequire(join(process.cwd(), 'codec.js'))(name);
  } catch (error) {
    throw fail('RP4230', `ROWPROOF_CODEC names ${name}, which cannot be loaded.`, { cause: error });
  }
  const { createCodec } = found as { createCodec?: unknown };
  if (typeof createCodec !== 'function')
    throw fail('RP4230', `ROWPROOF_CODEC names ${name}, which exports no createCodec.`);
  return (createCodec as (given: NodeJS.ProcessEnv) => PayloadCodec)(env);
}

function keysIn(env: NodeJS.ProcessEnv): string {
  const file = env['ROWPROOF_CODEC_KEYS_FILE'] ?? '';
  if (file === '') return env['ROWPROOF_CODEC_KEYS'] ?? '';
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fail('RP4230', `ROWPROOF_CODEC_KEYS_FILE names ${file}, which cannot be read.`, { cause: error });
  }
}
