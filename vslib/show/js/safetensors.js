// The tensors of a .safetensors file, by its header alone, and the numbers of one of them in
// float64. The functions here run in a worker, which is made from their text.

export class Damaged extends Error {}

export const KINDS = {
  F64: ["float64", 8, 2 ** -52],
  F32: ["float32", 4, 2 ** -23],
  F16: ["float16", 2, 2 ** -10],
  BF16: ["bfloat16", 2, 2 ** -7],
};

// A Blob's header, checked: [{ name, kind, shape, start, stop }] in the order of the file.
export async function headers(blob) {
  const refuse = (words) => {
    throw new Damaged(`expected a .safetensors file, got ${words}; write or download it again`);
  };
  const said = (n) => n.toLocaleString("en");
  if (blob.size < 10) refuse(`${blob.size} bytes`);
  const length = Number(new DataView(await blob.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  if (length < 2 || length > Math.min(blob.size - 8, 1e8))
    refuse(`a header of ${said(length)} bytes in a file of ${said(blob.size)}`);
  let entries;
  try {
    const bytes = await blob.slice(8, 8 + length).arrayBuffer();
    entries = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    refuse("a header that is no JSON");
  }
  if (entries === null || typeof entries !== "object" || Array.isArray(entries))
    refuse("a header that lists no tensors");
  const first = 8 + length, found = [];
  for (const [name, entry] of Object.entries(entries)) {
    if (name === "__metadata__") continue;
    const { dtype: kind, shape, data_offsets: offsets } = entry ?? {};
    const counts = (list) => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (typeof kind !== "string" || !counts(shape) || !counts(offsets) || offsets.length !== 2)
      refuse(`no dtype, shape and place of ${name}`);
    const [start, stop] = offsets.map((n) => first + n);
    if (start > stop || stop > blob.size)
      refuse(`${name} at bytes ${said(start)} to ${said(stop)} of ${said(blob.size)}`);
    const size = shape.reduce((product, n) => product * n, 1);
    if (kind in KINDS && stop - start !== size * KINDS[kind][1])
      refuse(`${said(stop - start)} bytes for ${name} of shape (${shape.join(", ")}) and ${kind}`);
    found.push({ name, kind, shape, start, stop });
  }
  const placed = [...found].sort((a, b) => a.start - b.start || a.stop - b.stop);
  placed.forEach((tensor, i) => {
    if (i && tensor.start < placed[i - 1].stop)
      refuse(`${tensor.name} and ${placed[i - 1].name} in the same place`);
  });
  return found;
}

// Float64Array of the numbers in bytes start to stop.
export async function numbers(blob, kind, start, stop) {
  const bytes = await blob.slice(start, stop).arrayBuffer(), view = new DataView(bytes);
  const [, wide] = KINDS[kind], values = new Float64Array(bytes.byteLength / wide);
  const halved = (h) => {
    const sign = h & 0x8000 ? -1 : 1, power = (h >> 10) & 31, rest = h & 1023;
    if (power === 31) return rest ? NaN : sign * Infinity;
    return sign * (power ? (1 + rest / 1024) * 2 ** (power - 15) : rest * 2 ** -24);
  };
  // The first half of a float32.
  const longer = new DataView(new ArrayBuffer(4));
  const read = {
    F64: (i) => view.getFloat64(i, true),
    F32: (i) => view.getFloat32(i, true),
    F16: (i) => halved(view.getUint16(i, true)),
    BF16: (i) => {
      longer.setUint16(2, view.getUint16(i, true), true);
      return longer.getFloat32(0, true);
    },
  }[kind];
  for (let i = 0; i < values.length; i++) values[i] = read(wide * i);
  return values;
}

// The matrices that tensors hold, [{ name, tensor, first, last }], and reasons for what is none.
// Packed ones (attention, gates of a recurrence) are taken apart as torch stacks their rows.
export function matricesOf(tensors, gates, largest) {
  const skipped = {}, siblings = {}, found = [];
  const cut = (name) => [name.slice(0, Math.max(0, name.lastIndexOf("."))),
    name.slice(name.lastIndexOf(".") + 1)];
  const below = (...names) => names.filter((name) => name).join(".");
  const recurrent = /^weight_(ih|hh|hr)(_l\d+(_reverse)?)?$/;
  for (const { name, shape } of tensors) {
    const [owner, leaf] = cut(name);
    if (recurrent.test(leaf) && shape.length === 2) (siblings[owner] ??= {})[leaf] = shape;
  }
  const stacked = (shapes) => {
    for (const [leaf, [rows, columns]] of Object.entries(shapes)) {
      if (!leaf.startsWith("weight_hh")) continue;
      const projection = shapes[leaf.replace("_hh", "_hr")];
      const names = gates.find((each) => each.length === rows / (projection ? projection[1] : columns));
      if (names) return names;
    }
    return null;
  };
  for (const tensor of tensors) {
    const { name, kind, shape } = tensor, [owner, leaf] = cut(name);
    const m = shape[0], n = shape.slice(1).reduce((product, k) => product * k, 1);
    if (shape.length < 2) skipped[name] = "a vector, no matrix";
    else if (!(kind in KINDS)) skipped[name] = `of ${kind}: packed, quantised, or no weights`;
    else if (m * n === 0) skipped[name] = "empty";
    if (name in skipped) continue;
    let names = [leaf === "weight" ? owner : name];
    if (leaf === "in_proj_weight")
      names = ["q_proj", "k_proj", "v_proj"].map((part) => below(owner, part));
    else if (siblings[owner]?.[leaf]) {
      const parts = leaf.includes("_hr") ? [""] : stacked(siblings[owner]);
      if (parts) names = parts.map((gate) => below(owner, leaf.replace("weight_", ""), gate));
    }
    if (m % names.length) names = [name];
    const rows = m / names.length;
    names.forEach((each, i) => {
      const smaller = Math.min(rows, n);
      if (smaller > largest)
        skipped[each] = `${rows} × ${n}: more than ${largest} on the smaller side; ask vslib.report`;
      else found.push({ name: each, tensor, first: i * rows, m: rows, n });
    });
  }
  return { found, skipped };
}
