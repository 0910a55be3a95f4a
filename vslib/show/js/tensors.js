// The tensors of a safetensors file: its header, checked, and its numbers in float64.

// How many bytes a number takes, the eps of its floats, and the name that others have for them.
export const KINDS = {
  F64: [8, 2 ** -52, "float64"],
  F32: [4, 2 ** -23, "float32"],
  F16: [2, 2 ** -10, "float16"],
  BF16: [2, 2 ** -7, "bfloat16"],
};
const LONGEST = 100_000_000; // bytes of a header, as safetensors allows

export const grouped = (number) => number.toLocaleString("en");
const whole = (n) => Number.isInteger(n) && n >= 0;
const product = (lengths) => lengths.reduce((size, length) => size * length, 1);

// What is wrong with a file, in words; everything else that is thrown is a fault of ours.
export class Damaged extends Error {}

// Damage by its words: "expected a safetensors file, got ...".
const got = (words) => {
  throw new Damaged(`expected a safetensors file, got ${words}; write or download it again`);
};

export const bytesOf = (file, first, last) => file.slice(first, last).arrayBuffer().catch(() => {
  throw new Damaged("expected a file, got one that cannot be read: a folder, or changed meanwhile");
});

// The tensors of a file, in its order: name, kind, shape, and where its bytes start and stop.
export async function header(file) {
  const { size } = file, start = new DataView(await bytesOf(file, 0, Math.min(size, 8)));
  if (size < 10) got(`a file of ${grouped(size)} bytes`);
  if (start.getUint32(0) === 0x504b0304) got("an archive, as torch.save and numpy.savez write");
  const length = start.getBigUint64(0, true);
  if (length < 2 || length > Math.min(size - 8, LONGEST)) {
    got(`a header of ${grouped(length)} bytes in a file of ${grouped(size)}`);
  }
  const first = 8 + Number(length), entries = parsed(await bytesOf(file, 8, first));
  const tensors = Object.entries(entries).filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => tensor(name, entry, first, size));
  const ordered = tensors.filter((t) => t.stop > t.start).sort((a, b) => a.start - b.start);
  ordered.forEach((t, i) => {
    if (i && t.start < ordered[i - 1].stop) got(`${ordered[i - 1].name} and ${t.name} on the same bytes`);
  });
  return tensors;
}

function parsed(bytes) {
  try {
    const entries = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (entries && typeof entries === "object" && !Array.isArray(entries)) return entries;
  } catch {
    got("a header that is no JSON");
  }
  return got("a header that names no tensors");
}

function tensor(name, entry, first, size) {
  const { dtype: kind, shape, data_offsets: offsets } = entry ?? {};
  if (typeof kind !== "string" || !Array.isArray(shape) || !Array.isArray(offsets)) {
    got(`no dtype, shape or data_offsets for ${name}`);
  }
  if (!shape.every(whole)) got(`the shape (${shape.join(", ")}) of ${name}`);
  if (offsets.length !== 2 || !offsets.every(whole)) got(`the data_offsets (${offsets.join(", ")}) of ${name}`);
  const [start, stop] = offsets.map((offset) => first + offset);
  if (stop < start || stop > size) {
    got(`${name} at bytes ${grouped(start)} to ${grouped(stop)} of ${grouped(size)}`);
  }
  if (Object.hasOwn(KINDS, kind) && stop - start !== product(shape) * KINDS[kind][0]) {
    got(`${grouped(stop - start)} bytes for ${name} of shape (${shape.join(", ")}) and ${kind}`);
  }
  return { name, kind, shape, start, stop };
}

// Why a tensor is no matrix of floats, or nothing.
export function whyNot({ kind, shape }) {
  if (shape.length < 2) return "a vector, no matrix";
  if (!(Object.hasOwn(KINDS, kind))) return `of ${kind}: packed, quantised, or no weights`;
  return product(shape) ? "" : "empty";
}

// The first axis against all others.
export const matrixOf = ({ shape }) => [shape[0], product(shape.slice(1))];

// A function from two places to the numbers from the one to before the other, as float64.
export function reader(kind, bytes) {
  if (kind === "F64") {
    const all = new Float64Array(bytes);
    return (first, last) => all.slice(first, last);
  }
  if (kind === "F32") {
    const all = new Float32Array(bytes);
    return (first, last) => Float64Array.from(all.subarray(first, last));
  }
  const all = new Uint16Array(bytes), values = kind === "F16" ? halves() : brains();
  return (first, last) => {
    const part = new Float64Array(last - first);
    for (let i = first; i < last; i++) part[i - first] = values[all[i]];
    return part;
  };
}

// What each of the 65536 numbers of 16 bits stands for: IEEE's, and the first half of a float32.
function halves() {
  return Float64Array.from({ length: 65536 }, (_, bits) => {
    const sign = bits >> 15 ? -1 : 1, power = (bits >> 10) & 31, part = bits & 1023;
    if (power === 31) return part ? NaN : sign * Infinity;
    return sign * (power ? (1 + part / 1024) * 2 ** (power - 15) : part * 2 ** -24);
  });
}
const brains = () =>
  Float64Array.from(new Float32Array(Uint32Array.from({ length: 65536 }, (_, bits) => bits << 16).buffer));

// ---- The matrices of a checkpoint, by the names that torch's modules give them

const GATES = [["input", "forget", "cell", "output"], ["reset", "update", "new"], [""]];
const RECURRENT = /^weight_(ih|hh|hr)(_l\d+(_reverse)?)?$/;
const under = (name, rest) => [name, rest].filter(Boolean).join(".");

function cut(key) {
  const dot = key.lastIndexOf(".");
  return dot < 0 ? ["", key] : [key.slice(0, dot), key.slice(dot + 1)];
}

// The gates of a recurrent layer by the shapes of its weights; with a projection the hidden state
// is shorter than the cell.
function gatesOf(shapes) {
  for (const [leaf, [rows, columns]] of Object.entries(shapes)) {
    if (!leaf.startsWith("weight_hh")) continue;
    const projection = shapes[leaf.replace("_hh", "_hr")];
    const found = GATES.find((gates) => gates.length === rows / (projection ? projection[1] : columns));
    if (found) return found;
  }
  return null;
}

// Names and first and last rows of the matrices in each tensor.
export function parts(tensors) {
  const siblings = Object.create(null);
  for (const { name, shape } of tensors) {
    const [owner, leaf] = cut(name);
    if (RECURRENT.test(leaf) && shape.length === 2) (siblings[owner] ??= {})[leaf] = shape;
  }
  return tensors.flatMap((tensor) => {
    const [owner, leaf] = cut(tensor.name), rows = tensor.shape[0];
    let names = [leaf === "weight" ? owner : tensor.name];
    if (leaf === "in_proj_weight") {
      names = ["q_proj", "k_proj", "v_proj"].map((part) => under(owner, part));
    } else if (siblings[owner]?.[leaf]) {
      const gates = leaf.includes("_hr") ? [""] : gatesOf(siblings[owner]);
      names = gates?.map((gate) => under(under(owner, leaf.slice(7)), gate)) ?? names;
    }
    if (rows % names.length) names = [tensor.name];
    const step = rows / names.length;
    return names.map((name, i) => ({ name, tensor, first: i * step, last: (i + 1) * step }));
  });
}
