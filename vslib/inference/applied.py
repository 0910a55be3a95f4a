"""The matrix and the bias of what a torch layer applies, which need not be its `weight`."""

import math

import numpy as np

from vslib.arrays import real_array

__all__ = ["applied"]

EXACT, LINEAR = 1e-12, 1e-9  # relative differences: rounding, and what is no longer


def applied(layer, shape, name):
    """W and b of the affine map W x + b that a layer applies to flat inputs.

    A probe through the layer says whether that is its own weight and bias, and these are taken
    then, to the last digit. Else unit vectors are pushed through it: LoRA, a standardised or
    packed weight, batch normalisation.

    Parameters
    ----------
    layer : torch.nn.Module
        In float64 and evaluation mode, as within `asked`.
    shape : tuple of int
        Of one input.
    name : str
        What messages call the layer.

    Returns
    -------
    W : (m, n) float64 array
    b : (m,) float64 array

    Raises
    ------
    ValueError
        If it applies no such map, or entries are not finite.

    Examples
    --------
    >>> import torch
    >>> class Twice(torch.nn.Linear):
    ...     def forward(self, x):
    ...         return 2 * super().forward(x)
    >>> layer = Twice(2, 2).double()
    >>> W, b = applied(layer, (2,), "twice")
    >>> np.allclose(W, 2 * layer.weight.detach())
    True
    """
    import torch

    n = math.prod(shape)
    probes = np.random.default_rng(0).normal(size=(3, n))
    probes[0] = 0
    device = next((tensor.device for tensor in layer.parameters()), None)

    def run(rows):
        with torch.no_grad():
            outputs = layer(torch.tensor(rows, device=device).reshape(-1, *shape))
        return outputs.detach().reshape(len(rows), -1).cpu().numpy()

    outputs = run(probes)
    W, b = _own(layer, n, name)
    if W is None or _off(W, b, probes, outputs) > EXACT:
        b = outputs[0]
        W = real_array(run(np.eye(n)) - b, f"{name}, what it gives for unit vectors").T
    b = real_array(b, f"{name}, bias", axes=1, length=len(W))
    off = _off(W, b, probes, outputs)
    if not off <= LINEAR:
        raise ValueError(
            f"{name}: expected a layer that applies W x + b, got {type(layer).__name__}, which "
            f"differs from it by {off:.2g} of its outputs"
        )
    return W, b


def _own(layer, n, name):
    """Weight and bias by name, where they have the shapes of a linear layer's."""
    weight, bias = getattr(layer, "weight", None), getattr(layer, "bias", None)
    if not hasattr(weight, "shape") or len(weight.shape) != 2 or weight.shape[1] != n:
        return None, None
    W = real_array(weight, f"{name}, weight")
    b = np.zeros(len(W)) if bias is None else real_array(bias, f"{name}, bias")
    return (W, b) if b.shape == W.shape[:1] else (None, None)


def _off(W, b, inputs, outputs):
    expected = inputs @ W.T + b
    if expected.shape != outputs.shape:
        return np.inf
    size = max(np.abs(expected).max(), np.abs(outputs).max())
    return np.abs(expected - outputs).max() / (size or 1)
