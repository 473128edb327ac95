import { Buffer } from 'node:buffer';
import { gunzipSync, inflateRawSync } from 'node:zlib';

/** No program that we unpack is larger than this. */
const BYTES_MAX = 512 * 1024 * 1024;
const ENTRIES_MAX = 10_000;
const TAR_BLOCK = 512;

function baseName(path) {
  return path.slice(path.lastIndexOf('/') + 1);
}

function text(bytes, start, length) {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.subarray(0, end === -1 ? length : end).toString('utf8');
}

function fromTar(bytes, name) {
  let offset = 0;
  for (let entry = 0; entry < ENTRIES_MAX && offset + TAR_BLOCK <= bytes.length; entry += 1) {
    const size = Number.parseInt(text(bytes, offset + 124, 12).trim() || '0', 8);
    const type = text(bytes, offset + 156, 1);
    const isFile = type === '0' || type === '';
    const start = offset + TAR_BLOCK;
    if (isFile && baseName(text(bytes, offset, 100)) === name) {
      return bytes.subarray(start, start + size);
    }
    offset = start + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK;
  }
  return null;
}

function fromZip(bytes, name) {
  const end = bytes.lastIndexOf(Buffer.from('PK\x05\x06'));
  if (end === -1) return null;
  const count = Math.min(bytes.readUInt16LE(end + 10), ENTRIES_MAX);
  let offset = bytes.readUInt32LE(end + 16);
  for (let entry = 0; entry < count; entry += 1) {
    const method = bytes.readUInt16LE(offset + 10);
    const packed = bytes.readUInt32LE(offset + 20);
    const nameLength = bytes.readUInt16LE(offset + 28);
    const path = bytes.toString('utf8', offset + 46, offset + 46 + nameLength);
    if (baseName(path) === name) {
      const local = bytes.readUInt32LE(offset + 42);
      const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const data = bytes.subarray(start, start + packed);
      return method === 0 ? data : inflateRawSync(data, { maxOutputLength: BYTES_MAX });
    }
    offset += 46 + nameLength + bytes.readUInt16LE(offset + 30) + bytes.readUInt16LE(offset + 32);
  }
  return null;
}

/**
 * The bytes of the file called `name` in an archive: a zip (a wheel is one) or a gzipped tar.
 * Throws when the archive holds no such file.
 */
export function fileFromArchive(archive, name) {
  const isZip = archive.subarray(0, 2).toString('latin1') === 'PK';
  const found = isZip
    ? fromZip(archive, name)
    : fromTar(gunzipSync(archive, { maxOutputLength: BYTES_MAX }), name);
  if (found === null || found.length === 0) throw new Error(`the archive holds no file ${name}`);
  return found;
}
