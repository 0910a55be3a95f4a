"""The projection of a vector onto one neuron: equation (3)."""

import numpy as np

from vslib.arrays import real_array
from vslib.spaces.scales import centred, restored

__all__ = ["project"]


def project(x, w):
    """Projection of x onto the weight vector of one neuron, and what is left: equation (3).

    Parameters
    ----------
    x : (..., n) array
    w : (n,) or (m, n) array
        One weight vector or m of them.

    Returns
    -------
    p, residual : (..., n) arrays, or (..., m, n) for m weight vectors
        p = (w.x / ||w||^2) w and residual = x - p, orthogonal to w.

    Raises
    ------
    ValueError
        If the lengths differ, an entry is not finite and real, a weight vector is zero and so has
        no direction, or a part of x lies beyond the range of float64.

    Examples
    --------
    >>> p, residual = project([3, 4], [1, 0])
    >>> p, residual
    (array([3., 0.]), array([0., 4.]))
    """
    w = real_array(w, "w")
    if w.ndim > 2:
        raise ValueError(f"w: expected shape (n,) or (m, n), got shape {w.shape}")
    x = real_array(x, "x", length=w.shape[-1])
    largest = np.abs(w).max(-1, keepdims=True)
    if (largest == 0).any():
        raise ValueError(
            "w: expected nonzero weight vectors, got a zero one, which has no direction"
        )
    directions = w / largest
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    x, powers = centred(x)
    if w.ndim == 2:
        x, powers = x[..., None, :], powers[..., None, :]
    p = (x * directions).sum(-1, keepdims=True) * directions
    return restored(p, powers, "x"), restored(x - p, powers, "x")
