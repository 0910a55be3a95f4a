"""The networks that ship, untrained: the paper's three, those of chapter 9, one with ReLUs."""

import contextlib
import itertools
from collections import OrderedDict

from vslib.networks.residual import residual_network

__all__ = ["INVERTIBLE", "NAMES", "SHIPPED", "NetworkError", "build"]

NAMES = ("fc1", "fc5", "resnet18")
# A bijection, or its twin, and a readout. What was trained with noise alone, and a residual network
# of their size, are there to be compared with, and do not ship.
INVERTIBLE = (
    "bijection",
    "twin",
    "bijection-reconstruction",
    "bijection-likelihood",
    "bijection-adversary",
)
SHIPPED = (*NAMES, *INVERTIBLE, "relu3")
KINDS = {
    "bijection": "additive",
    "twin": "rectified",
    "bijection-reconstruction": "additive",
    "bijection-likelihood": "affine",
    "bijection-noise": "additive",
    "bijection-adversary": "affine",
}
WIDTHS = {
    "fc1": (784, 10),
    "fc5": (784, 256, 256, 128, 32, 10),
    "relu3": (784, 32, 16, 10),
}


class NetworkError(ValueError):
    """A network, or an epoch of it, that cannot be given out as asked.

    Examples
    --------
    >>> from vslib import networks
    >>> try:
    ...     networks.weights("fc5", epoch=7)
    ... except NetworkError as error:
    ...     print(error)
    fc5 at epoch 7 does not ship as arrays: expected one of 0, 20
    """


def build(name, seed=0):
    """An untrained network, its weights drawn by torch from `seed`.

    The fully connected networks have an activation: fc1 a SELU on its output, fc5 SELUs and relu3
    ReLUs between their layers. ResNet18 has a one-channel first convolution (paper, section 3).
    "residual" is `residual_network`. The others are a `vslib.invertible.Classifier`: all of one
    size but the two with affine couplings, "bijection-likelihood" and "bijection-adversary".

    Parameters
    ----------
    name : a name in `SHIPPED`, "bijection-noise" or "residual"
    seed : int

    Returns
    -------
    torch.nn.Module
        From images (N, 28, 28) in [0, 1] to outputs (N, 10).

    Examples
    --------
    >>> [type(layer).__name__ for layer in build("fc1")]
    ['Flatten', 'Linear', 'SELU']
    """
    import torch
    from torch import nn

    if name not in (*SHIPPED, "bijection-noise", "residual"):
        known = ", ".join((*SHIPPED, "bijection-noise", "residual"))
        raise NetworkError(f"network: expected one of {known}, got {name!r}")
    # Whatever the caller has set: the network is float32, on the CPU, and can be trained.
    with (
        torch.random.fork_rng(devices=[]),
        torch.inference_mode(False),
        torch.device("cpu"),
        _float32(),
    ):
        torch.manual_seed(seed)
        if name == "resnet18":
            from torchvision.models import resnet18

            network = resnet18(weights=None, num_classes=10)
            network.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=3, bias=False)
            network.register_forward_pre_hook(_add_channel)
            return network
        if name == "residual":
            return residual_network()
        if name in KINDS:
            from vslib.bijections import Bijection, Classifier

            return Classifier(Bijection(KINDS[name]), nn.Linear(784, 10))
        parts = {"flatten": nn.Flatten()}
        kind, activation = ("relu", nn.ReLU) if name == "relu3" else ("selu", nn.SELU)
        for number, (wide, narrow) in enumerate(itertools.pairwise(WIDTHS[name]), 1):
            parts |= {f"layer{number}": nn.Linear(wide, narrow), f"{kind}{number}": activation()}
        if name != "fc1":
            parts.popitem()
        return nn.Sequential(OrderedDict(parts))


@contextlib.contextmanager
def _float32():
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def _add_channel(network, inputs):
    return inputs[0].unsqueeze(1) if inputs[0].ndim == 3 else inputs[0]
