import { join } from 'node:path';
import { homedir } from 'node:os';
import { stateFolder } from '../../src/dev/state-folder';
import { clusterOwner } from '../../src/dev/unprivileged-user';
import { isRoot } from '../../src/dev/state-folder';

describe('the state folder', () => {
  it('is ROWPROOF_STATE when that is set, for everybody', () => {
    expect(stateFolder({ ROWPROOF_STATE: '/srv/x', XDG_STATE_HOME: '/y' }, false)).toBe('/srv/x');
    expect(stateFolder({ ROWPROOF_STATE: '/srv/x' }, true)).toBe('/srv/x');
  });

  it('follows XDG_STATE_HOME when it is absolute, as the XDG specification asks', () => {
    expect(stateFolder({ XDG_STATE_HOME: '/y' }, false)).toBe('/y/rowproof');
    expect(stateFolder({ XDG_STATE_HOME: 'y' }, false)).toBe(join(homedir(), '.local', 'state', 'rowproof'));
  });

  it('is in the home of an ordinary user and outside the closed home of root', () => {
    expect(stateFolder({}, false)).toBe(join(homedir(), '.local', 'state', 'rowproof'));
    expect(stateFolder({ XDG_STATE_HOME: '/root/.local/state' }, true)).toBe('/var/lib/rowproof');
  });
});

describe('the user that runs PostgreSQL', () => {
  const users = (...names: string[]): string =>
    ['root:x:0:0::/root:/bin/sh', ...names.map((name, at) => `${name}:x:${at + 10}:${at + 20}::/:/bin/sh`)].join('\n');

  (isRoot() ? it : it.skip)('is postgres, then rowproof, then nobody when we are root', () => {
    expect(clusterOwner(() => users('nobody', 'postgres', 'rowproof'))).toEqual({ name: 'postgres', uid: 11, gid: 21 });
    expect(clusterOwner(() => users('nobody', 'rowproof'))?.name).toBe('rowproof');
    expect(clusterOwner(() => users('nobody'))?.name).toBe('nobody');
    expect(() => clusterOwner(() => users('ana'))).toThrow('RP8007');
  });

  (isRoot() ? it.skip : it)('is ourselves when we are not root', () => {
    expect(clusterOwner(() => users('postgres'))).toBeNull();
  });
});
