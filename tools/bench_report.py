"""What a report's columns from weights cost beside WeightWatcher's, as ratios in one run.

    python tools/bench_report.py [FOLDER]

FOLDER holds WeightWatcher (`make weightwatcher`); without it that part is left out. Wanted: at
most its time per network, with a row for every matrix, where it leaves out how attention begins;
and all singular values of all convolutions of ResNet18 at 224 x 224, circular, within 60 s of one
core.
"""

import json
import os
import subprocess
import sys
import time

import torch
from torch import nn

from vslib.report import null, report, weightwatcher_in

NAMES = ("resnet18", "vit_b_16", "mobilenet_v3_small", "gpt2")


class Block(nn.Module):
    """A layer of GPT-2: causal attention and two linear layers, each added to what came in."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.c_fc, self.mlp_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        n, length, width = x.shape
        parts = self.c_attn(self.ln_1(x)).view(n, length, 3, self.heads, width // self.heads)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        given = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(given.transpose(1, 2).reshape(n, length, width))
        return x + self.mlp_proj(nn.functional.gelu(self.c_fc(self.ln_2(x))))


class GPT2(nn.Module):
    """A small one: 4 layers of width 256, 8192 words, the head tied to the embedding."""

    def __init__(self, width=256, words=8192):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(words, width), nn.Embedding(128, width)
        self.h = nn.Sequential(*(Block(width, 4) for _ in range(4)))
        self.ln_f, self.lm_head = nn.LayerNorm(width), nn.Linear(width, words, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        return self.lm_head(self.ln_f(self.h(x)))


def network(name):
    """With random weights from seed 0."""
    if name != "gpt2":
        return null.random_network(name, side=224)
    torch.manual_seed(0)
    return GPT2().eval()


def timed(call):
    """Seconds of one core that a call takes, and what it gives."""
    start = time.process_time()
    found = call()
    return time.process_time() - start, found


def watch(name):
    """Run in WeightWatcher's environment: print how long it takes, and how many rows it gives."""
    import logging

    logging.disable(logging.CRITICAL)
    import weightwatcher

    watcher = weightwatcher.WeightWatcher(model=network(name))
    seconds, found = timed(watcher.analyze)
    print(json.dumps([seconds, len(found)]))


def main(folder="_build/weightwatcher"):
    try:
        path = [weightwatcher_in(folder), os.environ.get("PYTHONPATH", "")]
        environ = os.environ | {"PYTHONPATH": os.pathsep.join(path), "MPLBACKEND": "agg"}
    except ValueError as error:
        print(f"{error}; the comparison is left out")
        environ = None
    torch.set_num_threads(1)
    for name in NAMES:
        made = network(name)
        ours, found = min((timed(lambda made=made: report(made)) for _ in range(2)), key=first)
        line = f"{name}: {len(found.table)} matrices, {ours:.1f} s"
        if environ is not None:
            command = [sys.executable, __file__, "--watch", name]
            runs = []
            for _ in range(2):
                done = subprocess.run(command, env=environ, capture_output=True, text=True)
                if done.returncode:
                    sys.exit(done.stderr)
                runs.append(json.loads(done.stdout.splitlines()[-1]))
            theirs, rows = min(runs)
            line += f"; WeightWatcher {rows}, {theirs:.1f} s: {ours / theirs:.2f} of its time"
        print(line, flush=True)
    spectra()


def first(pair):
    return pair[0]


def spectra():
    """All singular values of the convolutions of ResNet18 as they act on 224 x 224 pixels."""
    made, image = network("resnet18"), torch.zeros(1, 3, 224, 224)
    seconds, found = timed(lambda: report(made, image, maps="circular"))
    values = found.table["map values"].sum()
    print(f"maps of ResNet18 at 224 x 224, circular: {values:,.0f} values in {seconds:.1f} s")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--watch"]:
        torch.set_num_threads(1)
        watch(sys.argv[2])
    else:
        main(*sys.argv[1:])
