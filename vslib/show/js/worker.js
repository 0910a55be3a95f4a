// The work on a file, apart from the page that shows it: matrix after matrix, in the file's order.

const LARGEST = 2048; // on the smaller side: a square one takes tens of seconds
const MOST = 2 ** 30; // bytes as stored

const tooLarge = (rows, columns, bytes) => {
  const size = `${grouped(rows)} × ${grouped(columns)}`;
  const where = "too large for a page; vslib.report reads it";
  if (Math.min(rows, columns) > LARGEST) {
    return `${size}, more than ${grouped(LARGEST)} on its smaller side: ${where}`;
  }
  return bytes > MOST ? `${size}, more than a gigabyte as stored: ${where}` : "";
};

async function look(file, tell) {
  const skipped = {}, jobs = [], tensors = await header(file);
  for (const tensor of tensors) if (whyNot(tensor)) skipped[tensor.name] = whyNot(tensor);
  for (const part of parts(tensors.filter(({ name }) => !Object.hasOwn(skipped, name)))) {
    const { name, tensor, first, last } = part, n = matrixOf(tensor)[1], m = last - first;
    const [bytes, eps, dtype] = KINDS[tensor.kind], why = tooLarge(m, n, m * n * bytes);
    const start = tensor.start + first * n * bytes, stop = start + m * n * bytes;
    const work = Math.min(m, n) ** 2 * Math.max(m, n) + 1e5 + 10 * m * n;
    if (why) skipped[name] = why;
    else jobs.push({ name, kind: tensor.kind, dtype, m, n, eps, start, stop, work });
  }
  if (!jobs.length) {
    const reasons = Object.entries(skipped).slice(0, 5).map(([name, why]) => `; ${name}: ${why}`);
    throw new Damaged(`expected tensors that are matrices, got none${reasons.join("")}`);
  }
  const total = jobs.reduce((sum, { work }) => sum + work, 0);
  tell({ start: jobs.length, skipped });
  let done = 0;
  for (const { name, kind, dtype, m, n, eps, start, stop, work } of jobs) {
    const share = (part) => tell({ now: name, m, n, share: (done + part * work) / total });
    share(0);
    const read = reader(kind, await bytesOf(file, start, stop));
    const { columns, values } = columnsOf(read, m, n, eps, share);
    tell({ row: { name, dtype, ...columns }, values });
    done += work;
  }
  tell({ end: true });
}

onmessage = ({ data }) => look(data, postMessage).catch((error) => {
  const ours = error instanceof Damaged;
  postMessage({ failed: ours ? error.message : `expected to read it, got "${error.message}"` });
});
