"""Layers of all kinds, and what each must give: one table for the contract tests."""

import itertools

import numpy as np
import torch
from torch import nn

DTYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16)


def draw(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def affine(layer, x):
    y = layer.values @ x
    return y if layer.bias is None else y + layer.bias


def linear(module, found):
    """A layer on vectors: the matrix times them."""
    x = draw(5, found[""].shape[1])
    return np.stack([affine(found[""], row.numpy()) for row in x]), module(x)


def bilinear(module, found):
    x1, x2 = draw(5, module.in1_features), draw(5, module.in2_features + 1)[:, 1:]
    products = [np.outer(*pair).ravel() for pair in zip(x1.numpy(), x2.numpy(), strict=True)]
    return np.stack([affine(found[""], row) for row in products]), module(x1, x2)


def convolution(module, found):
    """Its filters times the patch that has room for one position, group by group."""
    layer, groups = found[""], module.groups
    axes = zip(module.kernel_size, module.dilation, strict=True)
    x = draw(1, module.in_channels, *(d * (k - 1) + 1 for k, d in axes))
    steps = (slice(None), slice(None), *(slice(None, None, d) for d in module.dilation))
    patches = x[steps].numpy().reshape(groups, -1)
    y = np.concatenate(
        [w @ p for w, p in zip(np.split(layer.values, groups), patches, strict=True)]
    )
    return y if layer.bias is None else y + layer.bias, module(x).flatten()


def transposed(module, found):
    """What one entry of the input adds to the output, by each output's filter."""
    layer, groups, taps = found[""], module.groups, module.kernel_size
    x = draw(1, module.in_channels, *(1 for _ in taps))
    filters = layer.values.reshape(groups, -1, module.in_channels // groups, *taps)
    entries = x.numpy().reshape(groups, -1)
    y = np.einsum("goc...,gc->go...", filters, entries).reshape(-1, *taps)
    if layer.bias is not None:
        y = y + layer.bias.reshape(-1, *(1 for _ in taps))
    steps = tuple(slice(None, d * k, d) for k, d in zip(taps, module.dilation, strict=True))
    return y, module(x)[(0, slice(None), *steps)]


def table(module, found):
    places = torch.tensor([3, 0, 2, 3])
    given = places[:, None] if isinstance(module, nn.EmbeddingBag) else places
    return found[""].values[places], module(given)


def attention(module, found):
    q, k, v = (draw(4, n) for n in (module.embed_dim, module.kdim, module.vdim))
    heads, width = module.num_heads, module.head_dim
    names = ("q_proj", "k_proj", "v_proj")
    q1, k1, v1 = (
        np.stack([affine(found[name], row) for row in x.numpy()]).reshape(4, heads, width)
        for name, x in zip(names, (q, k, v), strict=True)
    )
    scores = np.einsum("qhw,khw->hqk", q1, k1) / np.sqrt(width)
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    mixed = np.einsum("hqk,khw->qhw", shares, v1).reshape(4, -1)
    return np.stack([affine(found["out_proj"], row) for row in mixed]), module(q, k, v)[0]


def step(found, base, layer, x, h, c):
    """One step of a recurrence by its gates, in NumPy."""

    def gate(side, name, value):
        return affine(found[".".join(filter(None, (f"{side}{layer}", name)))], value)

    if base == "LSTM":
        i, f, g, o = (gate("ih", n, x) + gate("hh", n, h) for n in LSTM)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        return affine(found[f"hr{layer}"], h) if f"hr{layer}" in found else h, c
    if base == "GRU":
        r, z = (sigmoid(gate("ih", n, x) + gate("hh", n, h)) for n in ("reset", "update"))
        n = np.tanh(gate("ih", "new", x) + r * gate("hh", "new", h))
        return (1 - z) * n + z * h, c
    return np.tanh(gate("ih", "", x) + gate("hh", "", h)), c


LSTM = ("input", "forget", "cell", "output")


def recurrence(module, found):
    base = next(kind for kind in ("LSTM", "GRU", "RNN") if type(module).__name__.startswith(kind))
    if isinstance(module, nn.RNNCellBase):
        x = draw(module.input_size)
        got = module(x)
        h = step(found, base, "", x.numpy(), *[np.zeros(module.hidden_size)] * 2)[0]
        return h, got[0] if isinstance(got, tuple) else got
    series = draw(3, module.input_size)
    outputs, _ = module(series)
    given = series.numpy()
    for layer in range(module.num_layers):
        both = []
        for way in ("", "_reverse")[: 1 + module.bidirectional]:
            size = getattr(module, "proj_size", 0) or module.hidden_size
            h, c, seen = np.zeros(size), np.zeros(module.hidden_size), []
            for x in given[::-1] if way else given:
                h, c = step(found, base, f"_l{layer}{way}", x, h, c)
                seen.append(h)
            both.append(np.stack(seen[::-1] if way else seen))
        given = np.concatenate(both, axis=1)
    return given, outputs


# How to make one, and how to check its matrices.
KINDS = {
    "Linear": (lambda: nn.Linear(4, 3), linear),
    "Linear, no bias": (lambda: nn.Linear(3, 5, bias=False), linear),
    "Linear of one entry": (lambda: nn.Linear(1, 1), linear),
    "Bilinear": (lambda: nn.Bilinear(2, 3, 4), bilinear),
    "Conv1d": (lambda: nn.Conv1d(2, 6, 4, stride=2, dilation=3, groups=2), convolution),
    "Conv2d": (lambda: nn.Conv2d(3, 4, (2, 3), dilation=(2, 1)), convolution),
    "Conv2d, depthwise": (lambda: nn.Conv2d(4, 8, 3, groups=4, bias=False), convolution),
    "Conv3d": (lambda: nn.Conv3d(2, 3, (1, 2, 3), stride=(3, 2, 1)), convolution),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(4, 6, 3, groups=2), transposed),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, (2, 3), stride=3), transposed),
    "ConvTranspose2d, square": (
        lambda: nn.ConvTranspose2d(4, 4, 2, dilation=2, output_padding=1),
        transposed,
    ),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(2, 3, 2, bias=False), transposed),
    "Embedding": (lambda: nn.Embedding(5, 3, padding_idx=2), table),
    "EmbeddingBag": (lambda: nn.EmbeddingBag(4, 6, mode="sum"), table),
    "attention": (lambda: nn.MultiheadAttention(6, 2), attention),
    "attention, no bias": (lambda: nn.MultiheadAttention(4, 1, bias=False), attention),
    "attention, not packed": (lambda: nn.MultiheadAttention(4, 2, kdim=3, vdim=5), attention),
    "LSTM": (lambda: nn.LSTM(3, 4), recurrence),
    "LSTM, two layers both ways": (
        lambda: nn.LSTM(2, 3, num_layers=2, bidirectional=True),
        recurrence,
    ),
    "LSTM, projected": (lambda: nn.LSTM(2, 5, proj_size=3, bidirectional=True), recurrence),
    "GRU": (lambda: nn.GRU(3, 2, bias=False), recurrence),
    "RNN": (lambda: nn.RNN(3, 3), recurrence),
    "LSTMCell": (lambda: nn.LSTMCell(3, 2), recurrence),
    "GRUCell": (lambda: nn.GRUCell(2, 3), recurrence),
    "RNNCell": (lambda: nn.RNNCell(2, 2), recurrence),
}

# These a state dict cannot tell from others by its shapes.
UNTOLD = {"Bilinear", "ConvTranspose2d, square", "ConvTranspose3d"}


def made(kind, dtype=torch.float64):
    torch.manual_seed(5)
    return KINDS[kind][0]().to(dtype)


def network():
    """One of each kind, and things that are no matrices, none of them called in that order."""
    torch.manual_seed(3)
    layers = list(itertools.starmap(lambda make, _: make(), KINDS.values()))
    others = [
        nn.BatchNorm2d(3),
        nn.LayerNorm([4, 5]),
        nn.GroupNorm(2, 4),
        nn.InstanceNorm1d(2, affine=True),
        nn.RMSNorm(3),
        nn.PReLU(),
        nn.Dropout(),
        nn.MultiheadAttention(4, 2, add_bias_kv=True),
        nn.TransformerDecoderLayer(4, 2, 6),
        nn.ParameterList([nn.Parameter(torch.ones(2, 3))]),
    ]
    return nn.Sequential(*layers, *others)
