import { promisify } from 'node:util';
import { gunzip, inflateRaw } from 'node:zlib';

const centralEntry = 0x02014b50;
const endOfCentralDirectory = 0x06054b50;

/** The content of the one entry of a zip file (no zip64) whose name matches; null when there is none. */
export async function fromZip(zip: Buffer, name: RegExp): Promise<Buffer | null> {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || zip.readUInt32LE(end) !== endOfCentralDirectory) return null;
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0 && zip.readUInt32LE(at) === centralEntry; left--) {
    const nameLength = zip.readUInt16LE(at + 28);
    if (name.test(zip.toString('utf8', at + 46, at + 46 + nameLength))) {
      const local = zip.readUInt32LE(at + 42);
      const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const packed = zip.subarray(start, start + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === 0 ? packed : promisify(inflateRaw)(packed);
    }
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return null;
}

/** The content of the one regular file of a .tar.gz whose name matches; null when there is none. */
export async function fromTarGz(archive: Buffer, name: RegExp): Promise<Buffer | null> {
  const tar = await promisify(gunzip)(archive);
  for (let at = 0; at + 512 <= tar.length;) {
    const entry = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    if (entry === '') return null;
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    const type = tar.toString('latin1', at + 156, at + 157);
    if ((type === '0' || type === '\0') && name.test(entry)) return tar.subarray(at + 512, at + 512 + size);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return null;
}
