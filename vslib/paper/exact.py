"""What the paper proves or states as exact, and how far a computation is from it."""

import numpy as np

from vslib import layers, mnist
from vslib.inference import asked
from vslib.inversion import invert
from vslib.preimage import relu_preimage
from vslib.spaces import Subspaces, project

__all__ = ["exactness"]


def exactness(network):
    """How far what the paper proves or states as exact is from it: all rounding, or nearly.

    Parameters
    ----------
    network : torch.nn.Module
        fc1.

    Examples
    --------
    >>> from vslib import networks
    >>> found = exactness(networks.load("fc1"))
    >>> [bool(found[key] < 1e-12) for key in ("exact_split", "exact_impact", "exact_eigen")]
    [True, True, True]
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
    with asked(network, double=True) as ask:
        outputs = ask(torch.tensor(images).double()).detach().numpy()
    back = invert(network, outputs, partial=True).x
    relu = np.maximum(y[0] + layer.bias, 0)
    preimages = relu_preimage(W, layer.bias, relu, box=(0, 1)).sample(5)
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
        "exact_map": np.abs(W @ S.signal - S.signal_out * S.singular_values).max(),
        "exact_inversion": np.abs(back - signal).max(),
        "exact_polytope": np.abs(np.maximum(preimages @ W.T + layer.bias, 0) - relu).max(),
        "polytope_apart": np.linalg.norm(preimages - x[0], axis=1).mean() / length[0, 0],
        "fc1_rank": float(S.rank),
        "inversion_apart": (np.linalg.norm(back - x, axis=1) / length[:, 0]).mean(),
        "selu_saturates": steep[flat == flat[0]].max(),
    }
