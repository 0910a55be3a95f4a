"""Networks of all kinds; for each matrix its dense form and its inputs, made in other ways."""

import itertools

import numpy as np
import torch
from scipy.linalg import block_diag
from torch import nn
from torch.nn.utils import parametrizations, parametrize

CASES = {}


def case(name):
    def keep(make):
        CASES[name] = make
        return make

    return keep


def draw(*shape, seed=1, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def array(tensor):
    return tensor.detach().double().numpy()


def dense(weight, groups=1):
    """(C_out, C_in / g, k...) kernels as the matrix on one patch of all channels."""
    return block_diag(*(part.reshape(len(part), -1) for part in np.split(array(weight), groups)))


def patches(x, conv):
    """All patches of all images, one position after the other, group by group."""
    kernel, stride, dilation = conv.kernel_size, conv.stride, conv.dilation
    pads = [(0, 0), (0, 0)]
    for axis, k in enumerate(kernel):
        if conv.padding == "same":
            total = dilation[axis] * (k - 1)
            pads.append((total // 2, total - total // 2))
        else:
            pads.append((conv.padding[axis],) * 2)
    mode = {"zeros": "constant", "circular": "wrap", "reflect": "reflect", "replicate": "edge"}
    x = np.pad(array(x), pads, mode=mode[conv.padding_mode])
    sizes = [n - d * (k - 1) for n, k, d in zip(x.shape[2:], kernel, dilation, strict=True)]
    rows = []
    for image in x:
        for at in itertools.product(*(range(0, n, s) for n, s in zip(sizes, stride, strict=True))):
            window = tuple(
                slice(a, a + d * (k - 1) + 1, d)
                for a, k, d in zip(at, kernel, dilation, strict=True)
            )
            rows.append(image[(slice(None), *window)].ravel())
    return np.array(rows)


@case("two linear layers")
def _():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 7)).double()
    x = draw(40, 12) + 3
    hidden = np.maximum(array(x) @ array(model[0].weight).T + array(model[0].bias), 0)
    return (
        model,
        x,
        {"0": (array(model[0].weight), array(x)), "2": (array(model[2].weight), hidden)},
    )


CONVOLUTIONS = {
    "convolution": lambda: nn.Conv2d(3, 5, 3, padding=1),
    "grouped convolution": lambda: nn.Conv2d(6, 8, (2, 3), stride=(2, 1), padding=1, groups=2),
    "depthwise convolution": lambda: nn.Conv2d(
        4, 8, 3, groups=4, dilation=2, padding=2, padding_mode="circular"
    ),
    "convolution in one direction": lambda: nn.Conv1d(4, 3, 4, padding="same", groups=1),
    "convolution in space": lambda: nn.Conv3d(2, 3, (1, 2, 3), stride=(1, 2, 1), padding=(0, 1, 0)),
    "reflected convolution": lambda: nn.Conv2d(2, 9, 3, padding=1, padding_mode="reflect"),
}


def _convolution(make):
    def built():
        torch.manual_seed(0)
        conv = make().double()
        x = draw(3, conv.in_channels, *(6, 7, 5)[: len(conv.kernel_size)]) + 0.5
        return nn.Sequential(conv), x, {"0": (dense(conv.weight, conv.groups), patches(x, conv))}

    return built


for name, make in CONVOLUTIONS.items():
    CASES[name] = _convolution(make)


@case("transposed convolution in groups")
def _():
    torch.manual_seed(0)
    conv = nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2).double()
    x = draw(3, 4, 5, 6)
    parts = [
        part.reshape(2, -1).T for part in np.split(array(conv.weight), 2)
    ]  # (C_in / g, C_out / g * taps), of each group
    pixels = array(x).transpose(0, 2, 3, 1).reshape(-1, 4)
    return conv, x, {"": (block_diag(*parts), pixels)}


@case("bilinear")
def _():
    torch.manual_seed(0)
    model = nn.Bilinear(3, 4, 5).double()
    x, y = draw(20, 3), draw(20, 4, seed=2)
    products = np.stack([np.outer(a, b).ravel() for a, b in zip(array(x), array(y), strict=True)])
    return model, (x, y), {"": (array(model.weight).reshape(5, 12), products)}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def steps(module, layer, way, x):
    """Hidden states of one layer in one direction, by the formulas; (T, B, n) to (T, B, h)."""
    end = f"_l{layer}{'_reverse' * way}"
    W, U, b, c = (
        array(getattr(module, f"{k}{end}"))
        for k in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    hidden = np.zeros((x.shape[1], module.hidden_size))
    cell, before, after = hidden.copy(), [], []
    for now in x[::-1] if way else x:
        before.append(hidden)
        a, r = now @ W.T + b, hidden @ U.T + c
        if isinstance(module, nn.LSTM):
            i, f, g, o = np.split(a + r, 4, axis=1)
            cell = sigmoid(f) * cell + sigmoid(i) * np.tanh(g)
            hidden = sigmoid(o) * np.tanh(cell)
        elif isinstance(module, nn.GRU):
            (ar, az, an), (rr, rz, rn) = np.split(a, 3, axis=1), np.split(r, 3, axis=1)
            z = sigmoid(az + rz)
            hidden = (1 - z) * np.tanh(an + sigmoid(ar + rr) * rn) + z * hidden
        else:
            hidden = np.tanh(a + r)
        after.append(hidden)
    order = slice(None, None, -1 if way else 1)
    return np.array(before), np.array(after)[order]


def recurrence(module, x):
    gates = {
        nn.LSTM: ("input", "forget", "cell", "output"),
        nn.GRU: ("reset", "update", "new"),
        nn.RNN: ("",),
    }[type(module)]
    found, x = {}, array(x)
    for layer in range(module.num_layers):
        outputs = []
        for way in range(1 + module.bidirectional):
            end = f"_l{layer}{'_reverse' * way}"
            before, after = steps(module, layer, way, x)
            outputs.append(after)
            for side, seen in (("ih", x), ("hh", before)):
                parts = np.split(array(getattr(module, f"weight_{side}{end}")), len(gates))
                for gate, part in zip(gates, parts, strict=True):
                    name = ".".join(filter(None, (f"{side}{end}", gate)))
                    found[name] = part, seen.reshape(-1, seen.shape[-1])
        x = np.concatenate(outputs, axis=2)
    return found


@case("LSTM, two layers both ways")
def _():
    torch.manual_seed(0)
    model, x = nn.LSTM(5, 3, num_layers=2, bidirectional=True).double(), draw(6, 4, 5)
    return model, x, recurrence(model, x)


@case("GRU, batch first")
def _():
    torch.manual_seed(0)
    model, x = nn.GRU(5, 4, num_layers=2, batch_first=True).double(), draw(6, 4, 5)
    return model, x, recurrence(model, x.transpose(0, 1))


@case("RNN")
def _():
    torch.manual_seed(0)
    model, x = nn.RNN(5, 4).double(), draw(6, 4, 5)
    return model, x, recurrence(model, x)


def heads(module, x):
    """What the output projection of self-attention takes, by the formulas; (B, T, n)."""
    x, count = array(x), module.num_heads
    W, b = array(module.in_proj_weight), array(module.in_proj_bias)
    q, k, v = (
        (x @ w.T + c).reshape(*x.shape[:2], count, -1).transpose(0, 2, 1, 3)
        for w, c in zip(np.split(W, 3), np.split(b, 3), strict=True)
    )
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(q.shape[-1])
    shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    return (shares @ v).transpose(0, 2, 1, 3).reshape(x.shape)


def attention(name, module, x):
    parts = np.split(array(module.in_proj_weight), 3)
    seen = array(x).reshape(-1, x.shape[-1])
    found = {f"{name}{p}_proj": (w, seen) for p, w in zip("qkv", parts, strict=True)}
    mixed = heads(module, x).reshape(seen.shape)
    return found | {f"{name}out_proj": (array(module.out_proj.weight), mixed)}


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        return self.attention(x, x, x, need_weights=False)[0]


@case("attention, of which torch has a fused form")
def _():
    torch.manual_seed(0)
    model, x = SelfAttention().double().eval(), draw(5, 6, 8)
    with torch.no_grad():
        model.attention.in_proj_bias.copy_(draw(24, seed=3))
        model.attention.in_proj_weight[:8] = draw(8, 2) @ draw(2, 8, seed=4)
    return model, x, attention("attention.", model.attention, x)


@case("transformer, of which torch has a fused form")
def _():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 5, batch_first=True, dropout=0.1)
    model = nn.TransformerEncoder(layer, 1).double().eval()
    x, layer = draw(5, 6, 8), model.layers[0]
    found = attention("layers.0.self_attn.", layer.self_attn, x)
    with torch.no_grad():
        out = torch.from_numpy(heads(layer.self_attn, x)) @ layer.self_attn.out_proj.weight.T
        y = layer.norm1(x + out + layer.self_attn.out_proj.bias)
        z = torch.relu(y @ layer.linear1.weight.T + layer.linear1.bias)
    found["layers.0.linear1"] = array(layer.linear1.weight), array(y).reshape(-1, 8)
    found["layers.0.linear2"] = array(layer.linear2.weight), array(z).reshape(-1, 5)
    return model, x, found


class Language(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.mix = nn.Linear(6, 6)
        self.head = nn.Linear(6, 11, bias=False)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.mix(self.embed(ids)).tanh())


@case("tied head")
def _():
    torch.manual_seed(0)
    model, ids = Language().double(), torch.randint(11, (4, 7))
    met = array(model.embed.weight)[ids.numpy().ravel()]
    hidden = np.tanh(met @ array(model.mix.weight).T + array(model.mix.bias))
    table = array(model.embed.weight)
    return (
        model,
        ids,
        {"embed": (table, None), "mix": (array(model.mix.weight), met), "head": (table, hidden)},
    )


class LowRank(nn.Module):
    def __init__(self, m, n, r):
        super().__init__()
        self.down, self.up = nn.Parameter(draw(r, n, seed=5)), nn.Parameter(draw(m, r, seed=6))

    def forward(self, weight):
        return weight + self.up @ self.down


@case("LoRA by parametrization")
def _():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(7, 5)).double(), draw(30, 7)
    parametrize.register_parametrization(model[0], "weight", LowRank(5, 7, 2))
    added = array(draw(5, 2, seed=6)) @ array(draw(2, 7, seed=5))
    stored = array(model[0].parametrizations.weight.original)
    return model, x, {"0": (stored + added, array(x)), "0 (added)": (added, array(x))}


class LoRA(nn.Module):
    def __init__(self):
        super().__init__()
        self.base_layer = nn.Linear(7, 5)
        self.lora_A, self.lora_B = nn.Linear(7, 2, bias=False), nn.Linear(2, 5, bias=False)

    def forward(self, x):
        return self.base_layer(x) + 0.5 * self.lora_B(self.lora_A(x))


@case("LoRA beside a layer")
def _():
    torch.manual_seed(0)
    model, x = nn.Sequential(LoRA()).double(), draw(30, 7)
    added = 0.5 * array(model[0].lora_B.weight) @ array(model[0].lora_A.weight)
    stored = array(model[0].base_layer.weight)
    return model, x, {"0": (stored + added, array(x)), "0 (added)": (added, array(x))}


@case("weight_norm")
def _():
    torch.manual_seed(0)
    layer = parametrizations.weight_norm(nn.Linear(7, 5)).double()
    with torch.no_grad():
        layer.parametrizations.weight.original0.mul_(draw(5, 1) + 2)
    g, v = (array(getattr(layer.parametrizations.weight, f"original{i}")) for i in (0, 1))
    x = draw(30, 7)
    return layer, x, {"": (g * v / np.linalg.norm(v, axis=1, keepdims=True), array(x))}


@case("spectral_norm, of a convolution")
def _():
    torch.manual_seed(0)
    layer, x = parametrizations.spectral_norm(nn.Conv2d(3, 4, 2)).double(), draw(5, 3, 4, 4)
    layer(x)  # in training mode, which turns its vectors
    stored = layer.parametrizations.weight.original
    u, v = (array(getattr(layer.parametrizations.weight[0], f"_{k}")) for k in "uv")
    rows = array(stored).reshape(4, -1)
    return layer, x, {"": (rows / (u @ rows @ v), patches(x, layer))}


@case("quantised on the way")
def _():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(7, 5), nn.ReLU(), nn.Linear(5, 4))
    model = torch.ao.quantization.quantize_dynamic(model, {nn.Linear}, torch.qint8)
    x = draw(30, 7, dtype=torch.float32)
    found = {"0": (array(model[0].weight().dequantize()), array(x))}
    with torch.no_grad():
        hidden = model[0](x).relu()
    return model, x, found | {"2": (array(model[2].weight().dequantize()), array(hidden))}
