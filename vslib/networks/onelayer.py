"""The one-layer network trained by hand, in NumPy: many copies at once."""

import numpy as np
from threadpoolctl import threadpool_limits

from vslib.arrays import labelled, real_array
from vslib.networks.training import RECIPE

__all__ = ["descend"]


# The products are small: on a busy machine, waiting for a second thread costs far more.
@threadpool_limits.wrap(limits=1)
def descend(W, b, images, labels, selu=True, epochs=20, seed=0):
    """Train copies of the one-layer network side by side, each from a start of its own.

    The paper's recipe by hand, in NumPy: all copies meet the same batches in the same order.

    Parameters
    ----------
    W : (copies, 10, n) array
        Weights to start from.
    b : (copies, 10) array
        Biases to start from.
    images : (N, n) array
    labels : (N,) array of the digits 0 to 9
    selu : bool
        Whether SELU follows the layer, as in fc1.
    epochs : int
    seed : int
        Of the order of the images.

    Returns
    -------
    W, b : float32 arrays of the shapes given
        After training.

    Raises
    ------
    ValueError
        If an array is not finite and real, or their shapes do not fit.

    Examples
    --------
    >>> from vslib import mnist
    >>> images, labels = mnist.load("test")
    >>> flat = images[:64].reshape(64, 784)
    >>> W, b = descend(np.zeros((2, 10, 784)), np.zeros((2, 10)), flat, labels[:64], epochs=1)
    >>> W.shape, bool((W[0] == W[1]).all())
    ((2, 10, 784), True)
    """
    W = real_array(W, "W", axes=3, dtype=np.float32)
    b = real_array(b, "b", axes=2, dtype=np.float32)
    images, labels = labelled(images, labels)
    copies, classes, n = W.shape
    if (*b.shape, n) != W.shape or classes != 10 or images.shape[1:] != (n,):
        raise ValueError(
            "W, b, images: expected shapes (copies, 10, n), (copies, 10), (N, n), "
            f"got {W.shape}, {b.shape}, {images.shape}"
        )
    rate, momentum, size = (RECIPE[key] for key in ("learning rate", "momentum", "batch size"))
    W, b = W.reshape(-1, n), b.reshape(-1)
    targets = np.eye(classes, dtype=np.float32)[labels]
    W_step, b_step = np.zeros_like(W), np.zeros_like(b)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            x = images[batch]
            outputs, slope = _selu(x @ W.T + b) if selu else (x @ W.T + b, 1)
            shares = outputs.reshape(-1, copies, classes)
            shares = np.exp(shares - shares.max(2, keepdims=True))
            shares /= shares.sum(2, keepdims=True)
            error = (shares - targets[batch, None]) / np.float32(len(batch))
            gradient = error.reshape(len(batch), -1) * slope
            W_step *= momentum
            W_step += gradient.T @ x
            b_step *= momentum
            b_step += gradient.sum(0)
            W -= rate * W_step
            b -= rate * b_step
    return W.reshape(copies, classes, n), b.reshape(copies, classes)


def _selu(z):
    scale, alpha = np.float32(1.0507009873554805), np.float32(1.6732632423543772)
    below = alpha * np.exp(np.minimum(z, 0))
    return scale * np.where(z > 0, z, below - alpha), scale * np.where(z > 0, 1, below)
