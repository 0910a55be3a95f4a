"""The numbers on which the claims of the paper rest, measured on any trained networks."""

import copy

import numpy as np

from vslib import layers, mnist
from vslib.convolution import ConvOperator
from vslib.inversion import invert
from vslib.spaces import Subspaces, chance, project

__all__ = [
    "LAYER",
    "exactness",
    "figure_1",
    "figure_2",
    "five_layers",
    "kernels",
    "looks",
    "two_valuedness",
]

LAYER = "layer1.0.conv1"
DRAWS = 2000
# The lines of a 3 x 3 patch: rows, columns, diagonals.
PATCH = np.arange(9).reshape(3, 3)
LINES = np.vstack([PATCH, PATCH.T, PATCH.diagonal(), np.fliplr(PATCH).diagonal()])


def exactness(network):
    """How far what the paper proves or states as exact is from it: all rounding, or nearly.

    Parameters
    ----------
    network : torch.nn.Module
        fc1.
    """
    import torch

    layer = layers.matrices(network)["layer1"]
    W, S = layer.values, Subspaces(layer)
    images = mnist.load("test")[0][:1000]
    x = images.reshape(-1, 784).astype(np.float64)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    signal, rejected = S.split(x)
    p, residual = project(x, W[8])
    y = x @ W.T
    exact = copy.deepcopy(network).double()
    outputs = exact(torch.tensor(images).double()).numpy()
    back = invert(network, outputs, partial=True).x
    steep = np.arange(-40, 0, 0.25, dtype=np.float32)
    flat = torch.nn.functional.selu(torch.tensor(steep)).numpy()
    return {
        "exact_split": np.abs((x @ S.signal) @ S.signal.T + rejected - x).max(),
        "exact_impact": np.abs(rejected @ W.T).max(),
        "exact_pseudoinverse": np.abs(S.preimage(y) @ W.T - y).max(),
        "exact_orthogonal": np.abs(residual @ W[8]).max(),
        "exact_energy": np.abs((p**2 + residual**2 - x**2).sum(1) / length[:, 0] ** 2).max(),
        "exact_bias": np.abs(
            np.c_[x, np.ones(len(x))] @ layers.augmented(W, layer.bias).T - y - layer.bias
        ).max(),
        "exact_eigen": np.abs(W.T @ (W @ S.signal) - S.signal * S.singular_values**2).max(),
        "exact_inversion": np.abs(back - signal).max(),
        "inversion_apart": (np.linalg.norm(back - x, axis=1) / length[:, 0]).mean(),
        "selu_saturates": steep[flat == flat[0]].max(),
    }


def figure_1(network, untrained):
    """Singular values of the single layer, its last signal vector, and what its rows leave.

    Parameters
    ----------
    network, untrained : torch.nn.Module
        fc1, after training and before.
    """
    W, start = (layers.matrices(n)["layer1"].values for n in (network, untrained))
    S = Subspaces(W)
    s, total = S.singular_values, start.sum(0)
    images, labels = mnist.load("train")
    x = images.reshape(-1, 784)
    averages = mnist.class_averages(images, labels).reshape(10, 784)
    residual = project(averages, W)[1][range(10), range(10)]
    left = (residual**2).sum(1) / (averages**2).sum(1)
    # ||residual||^2 = ||x||^2 - (w.x)^2 / ||w||^2, without an array for the residuals.
    squares = (x.astype(np.float64) ** 2).sum(1)
    own = np.einsum("ij,ij->i", x, W[labels]) ** 2 / (W**2).sum(1)[labels]
    alone = 1 - own / squares
    ink = averages[8] > averages[8].max() / 2
    inked = x.var(0) > 0.05
    return {
        "fc1_condition_number": S.condition_number,
        "fc1_initial_condition_number": Subspaces(start).condition_number,
        "fc1_largest": s[0],
        "fc1_ninth": s[8],
        "fc1_tenth": s[9],
        "fc1_learned_ratio": s[0] / s[8],
        "fc1_last_is_initial": abs(S.signal[:, 9] @ total) / np.linalg.norm(total),
        "fc1_gap": _gap(s),
        "fc1_split": s[-1] / s[0],
        "fc1_binary_weights": two_valuedness(W[:, inked]).mean(),
        "fc1_binary_signals": two_valuedness(S.signal_vectors[:9, inked]).mean(),
        "fc1_left_8": left[8],
        "fc1_left_0": left[0],
        "fc1_left_others": np.delete(left, [0, 8]).min(),
        "fc1_left_average": left.mean(),
        "fc1_left_single": np.mean([alone[labels == digit].mean() for digit in range(10)]),
        "fc1_ink_8": residual[8, ink].sum() / averages[8, ink].sum(),
        "fc1_dark_8": (residual[8, ink] < 0).mean(),
    }


def _gap(s):
    """Relative size of the smallest change that makes two neighbouring singular values equal."""
    return -np.diff(s).max() / (2 * s[0])


def two_valuedness(vectors):
    """(mean |x|)^2 / mean x^2: 1 where all entries are of two values +-a, 2/pi where normal."""
    return np.abs(vectors).mean(1) ** 2 / (vectors**2).mean(1)


def kernels(network):
    """What is read off the nine signal kernels, of a network trained or not.

    Parameters
    ----------
    network : torch.nn.Module
        resnet18.
    """
    S = Subspaces(layers.matrices(network)[LAYER])
    return {"kernels_condition_number": S.condition_number, **looks(S.signal.T)}


def looks(v):
    """How much of the energy of nine signal kernels is in one line, and what the paper saw."""
    energy = v**2
    lines = energy[:, LINES].sum(2)
    strongest = lines.argmax(1)
    # Left column of v1, lower centre of v2, top or bottom row of v7, a diagonal of v9.
    seen = strongest[0] == 3, energy[1].argmax() == 7, strongest[6] in (0, 2), strongest[8] == 7
    return {"kernels_line": lines.max(1).mean(), "kernels_seen": float(sum(seen))}


def figure_2(network, untrained):
    """The nine signal kernels of `LAYER`, beside what random weights show.

    Parameters
    ----------
    network, untrained : torch.nn.Module
        resnet18, after training and before.
    """
    import torch

    matrix, start = (layers.matrices(n)[LAYER].values for n in (network, untrained))
    found = kernels(network)
    draws = chance(matrix, draws=DRAWS)
    # Signs and the order of the values do not matter: bases of random directions.
    bases = np.linalg.qr(np.random.default_rng(0).normal(size=(DRAWS, 9, 9)))[0]
    lines = np.array([looks(basis)["kernels_line"] for basis in bases])
    tails = (lines <= found["kernels_line"]).sum(), (lines >= found["kernels_line"]).sum()
    conv = network.get_submodule(LAYER)
    x = np.random.default_rng(0).normal(size=(64, 7, 7)).astype(np.float32)
    with torch.no_grad():
        apart = conv(torch.tensor(x)[None]).numpy().ravel() - ConvOperator.of(conv, x.shape).matvec(
            x.ravel()
        )
    S = Subspaces(matrix)
    return {
        **found,
        "kernels_rows": float(len(matrix)),
        "kernels_vectors": float(S.rank),
        "kernels_gap": _gap(S.singular_values),
        "kernels_chance": draws.condition_numbers.mean(),
        "kernels_p": draws.p_value(found["kernels_condition_number"]),
        "kernels_line_chance": lines.mean(),
        "kernels_line_p": min(1.0, 2 * (min(tails) + 1) / (DRAWS + 1)),
        "kernels_change": Subspaces(matrix - start).condition_number,
        "kernels_moved": np.linalg.norm(matrix - start) / np.linalg.norm(start),
        "exact_convolution": np.abs(apart).max(),
    }


def five_layers(network):
    """Widths of fc5, and how far equation (5) gets, layer by layer, with 1000 test images.

    Parameters
    ----------
    network : torch.nn.Module
        fc5.
    """
    import torch

    images = torch.tensor(mnist.load("test")[0][:1000]).double()
    y = copy.deepcopy(network).double()(images).numpy()
    found = invert(network, y, partial=True)
    stop = found.stops[0]
    widths = [len(matrix.values) for matrix in layers.matrices(network).values()]
    newton = invert(network, y[:100], "newton", partial=True)
    return {
        "fc5_widths": float(widths == [256, 256, 128, 32, 10]),
        "fc5_recovered": found.solved.mean(),
        "fc5_outside": getattr(stop, "entries", 0) / stop.values.size,
        "fc5_newton": newton.solved.mean(),
    }
