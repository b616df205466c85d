// Makes a JPEG of a HEIC where the browser can decode one, as Safari can. Loaded only when such a file is chosen.

// toJPEG resolves to the picture at its full size with the file's EXIF, or to null where the browser cannot.
export async function toJPEG(file, decode = element) {
  try {
    const picture = await decode(file);
    const canvas = Object.assign(document.createElement('canvas'), { width: picture.naturalWidth || picture.width, height: picture.naturalHeight || picture.height });
    (canvas.getContext('2d', { colorSpace: 'display-p3' }) || canvas.getContext('2d')).drawImage(picture, 0, 0);
    const blob = await new Promise((resolve) => { canvas.toBlob(resolve, 'image/jpeg', 0.92); });
    canvas.width = 0; // gives the memory back
    if (blob?.type !== 'image/jpeg') return null;
    const parts = [blob];
    const tiff = exifOf(await file.arrayBuffer());
    if (tiff) parts.splice(0, 1, blob.slice(0, 2), segment(tiff), blob.slice(2));
    return new File(parts, file.name.replace(/\.hei[cf]$/i, '') + '.jpg', { type: 'image/jpeg', lastModified: file.lastModified });
  } catch {
    return null;
  }
}

async function element(file) {
  const img = new Image();
  img.src = URL.createObjectURL(file);
  try { await img.decode(); } finally { URL.revokeObjectURL(img.src); }
  return img;
}

// segment is a JPEG's APP1 with the EXIF, which says that the picture stands upright: so it was decoded.
function segment(tiff) {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const little = view.getUint16(0) === 0x4949;
  const start = view.getUint32(4, little);
  for (let n = view.getUint16(start, little), at = start + 2; n > 0; n -= 1, at += 12) {
    if (view.getUint16(at, little) === 0x0112) view.setUint16(at + 8, 1, little);
  }
  const body = tiff.subarray(0, 65527); // thumbnails, which come last, may be cut
  const n = body.length + 8;
  return new Blob([new Uint8Array([0xff, 0xe1, n >> 8, n & 255, 69, 120, 105, 102, 0, 0]), body]);
}

// exifOf finds the EXIF among the items of an ISO base media file, or null. Reading beyond the end throws a RangeError.
export function exifOf(buffer) {
  const view = new DataView(buffer);
  const name = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  const uint = (at, size) => { let v = 0; for (let i = 0; i < size; i += 1) v = v * 256 + view.getUint8(at + i); return v; };
  const box = (want, from, to) => {
    for (let at = from; at + 8 <= to;) {
      let size = view.getUint32(at);
      let head = 8;
      if (size === 1) { size = uint(at + 8, 8); head = 16; }
      if (size === 0) size = to - at;
      if (size < head) return null;
      if (name(at + 4) === want) return { at: at + head, end: Math.min(at + size, to) };
      at += size;
    }
    return null;
  };
  try {
    const meta = box('meta', 0, buffer.byteLength);
    const inside = (want) => box(want, meta.at + 4, meta.end);
    const id = exifItem(view, inside('iinf'), name, uint);
    const place = id && located(view, inside('iloc'), id, uint);
    if (!place) return null;
    const from = place.from + (place.inMeta ? inside('idat').at : 0);
    const item = new Uint8Array(buffer.slice(from, from + place.length));
    const tiff = item.subarray(4 + new DataView(item.buffer).getUint32(0)); // how far the TIFF header lies behind this number
    return tiff.length > 8 && (tiff[0] === 0x49 || tiff[0] === 0x4d) && tiff[0] === tiff[1] ? tiff.slice() : null;
  } catch {
    return null;
  }
}

// exifItem is the number of the item that is EXIF, 0 for none.
function exifItem(view, list, name, uint) {
  const wide = view.getUint8(list.at) > 0 ? 4 : 2;
  for (let n = uint(list.at + 4, wide), at = list.at + 4 + wide; n > 0; n -= 1, at += view.getUint32(at)) {
    const size = view.getUint8(at + 8) > 2 ? 4 : 2;
    if (name(at + 12 + size + 2) === 'Exif') return uint(at + 12, size);
    if (view.getUint32(at) < 8) return 0;
  }
  return 0;
}

// located is where an item of one piece lies: in the file, or in the meta box's own data.
function located(view, list, id, uint) {
  const version = view.getUint8(list.at);
  const sizes = view.getUint16(list.at + 4);
  const [offset, length, base, index] = [sizes >> 12, (sizes >> 8) & 15, (sizes >> 4) & 15, version > 0 ? sizes & 15 : 0];
  const wide = version > 1 ? 4 : 2;
  let at = list.at + 6;
  let left = uint(at, wide);
  for (at += wide; left > 0; left -= 1) {
    const item = uint(at, wide);
    at += wide;
    const method = version > 0 ? view.getUint16(at) & 15 : 0;
    at += version > 0 ? 4 : 2;
    const start = uint(at, base);
    at += base;
    const pieces = view.getUint16(at);
    at += 2;
    if (item === id) {
      if (pieces !== 1 || method > 1) return null;
      return { from: start + uint(at + index, offset), length: uint(at + index + offset, length), inMeta: method === 1 };
    }
    at += pieces * (index + offset + length);
  }
  return null;
}
