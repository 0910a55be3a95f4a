"""The layers of a bijection: squeezes, fixed orthogonal mixings, and couplings."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

__all__ = ["KINDS", "Coupling", "Mix", "Squeeze", "hadamard"]

KINDS = ("additive", "affine", "rectified")


def hadamard(channels):
    """A symmetric orthogonal matrix whose entries are all plus or minus one number.

    Parameters
    ----------
    channels : int
        1, 4, 16, 64, ...: for a power of four that number, ``channels ** -0.5``, is exact in every
        float format, and so is every entry of the product of the matrix with itself.

    Returns
    -------
    (channels, channels) array

    Raises
    ------
    ValueError
        If `channels` is no power of four.

    References
    ----------
    Sylvester (1867), Thoughts on inverse orthogonal matrices.

    Examples
    --------
    >>> hadamard(4)
    array([[ 0.5,  0.5,  0.5,  0.5],
           [ 0.5, -0.5,  0.5, -0.5],
           [ 0.5,  0.5, -0.5, -0.5],
           [ 0.5, -0.5, -0.5,  0.5]])
    """
    if not (isinstance(channels, int) and channels > 0 and math.log(channels, 4).is_integer()):
        raise ValueError(f"channels: expected a power of four, got {channels!r}")
    H = np.ones((1, 1))
    while len(H) < channels:
        H = np.block([[H, H], [H, -H]])
    return H / math.sqrt(channels)


class Squeeze(nn.Module):
    """Each square of four pixels becomes four channels: a permutation of the numbers.

    Examples
    --------
    >>> x = torch.arange(4.0).reshape(1, 1, 2, 2)
    >>> y = Squeeze()(x)
    >>> y.shape, y.flatten().tolist(), bool((Squeeze().inverse(y) == x).all())
    (torch.Size([1, 4, 1, 1]), [0.0, 1.0, 2.0, 3.0], True)
    """

    def forward(self, x):
        """(N, c, 2h, 2w) to (N, 4c, h, w)."""
        return F.pixel_unshuffle(x, 2)

    def inverse(self, y):
        """(N, 4c, h, w) to (N, c, 2h, 2w)."""
        return F.pixel_shuffle(y, 2)


class Mix(nn.Module):
    """The channels of every pixel times one fixed orthogonal matrix, never trained.

    Parameters
    ----------
    channels : int
        A power of four.
    order : sequence of int, optional
        In which the columns of the Hadamard matrix stand; as they are by default.

    Attributes
    ----------
    matrix : (channels, channels) tensor
        A buffer: stored with the weights, exact in every float format.

    Raises
    ------
    ValueError
        If `channels` is no power of four or `order` no permutation of its numbers.

    Examples
    --------
    >>> mix = Mix(4, order=[1, 0, 2, 3])
    >>> x = torch.tensor([1.0, 2.0, 3.0, 4.0]).reshape(1, 4, 1, 1)
    >>> mix(x).flatten().tolist(), mix.inverse(mix(x)).flatten().tolist()
    ([5.0, 0.0, -2.0, 1.0], [1.0, 2.0, 3.0, 4.0])
    """

    def __init__(self, channels, order=None):
        super().__init__()
        H = hadamard(channels)
        order = list(range(channels)) if order is None else [int(place) for place in order]
        if sorted(order) != list(range(channels)):
            raise ValueError(f"order: expected the numbers 0 to {channels - 1}, got {order}")
        self.register_buffer(
            "matrix", torch.tensor(H[:, order].copy("C"), dtype=torch.get_default_dtype())
        )

    def forward(self, x):
        """(N, c, h, w) to (N, c, h, w)."""
        return F.conv2d(x, self.matrix[:, :, None, None])

    def inverse(self, y):
        """The transposed matrix: (N, c, h, w) to (N, c, h, w)."""
        return F.conv2d(y, self.matrix.T[:, :, None, None])


def branch(channels, hidden, outputs):
    """A small convolutional network that gives zeros until it is trained.

    Parameters
    ----------
    channels, hidden, outputs : int
        What it takes, has within, and gives; the size of the pictures stays.

    Returns
    -------
    torch.nn.Sequential

    Examples
    --------
    >>> branch(2, 8, 4)(torch.rand(1, 2, 7, 7)).abs().max()
    tensor(0., grad_fn=<MaxBackward1>)
    """
    # Made first: the weights of networks that ship were drawn in this order.
    last = nn.Conv2d(hidden, outputs, 3, padding=1)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(
        nn.Conv2d(channels, hidden, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(hidden, hidden, 1),
        nn.ReLU(),
        last,
    )


class Coupling(nn.Module):
    """One half of the channels, changed by what a small network makes of the other half.

    With the halves a and b: ``additive`` gives (a, b + t(a)); ``affine`` (a, b exp(s(a)) + t(a)),
    with s between -1 and 1; ``rectified`` (a, max(0, b + t(a))), which has no inverse: the twin.
    The small network is conv 3x3, ReLU, conv 1x1, ReLU, conv 3x3; its last weights start at zero.

    Parameters
    ----------
    channels : int
        Even.
    hidden : int
        Channels inside the small network.
    kind : {"additive", "affine", "rectified"}
    flip : bool
        Whether the first half is changed, instead of the second.

    Raises
    ------
    ValueError
        If `channels` is odd or less than 2, or `kind` is another one.

    References
    ----------
    Dinh, Krueger and Bengio (2015), NICE; Dinh, Sohl-Dickstein and Bengio (2017), Real NVP.

    Examples
    --------
    >>> coupling = Coupling(4, hidden=8, kind="affine")
    >>> for parameter in coupling.parameters():
    ...     _ = nn.init.constant_(parameter, 0.1)
    >>> x = torch.ones(1, 4, 3, 3)
    >>> y = coupling(x)
    >>> bool((y[:, :2] == x[:, :2]).all()), bool((y[:, 2:] == x[:, 2:]).any())
    (True, False)
    >>> torch.allclose(coupling.inverse(y), x)
    True
    """

    def __init__(self, channels, hidden, kind="additive", flip=False):
        super().__init__()
        if channels < 2 or channels % 2:
            raise ValueError(f"channels: expected an even number, 2 or more, got {channels}")
        if kind not in KINDS:
            raise ValueError(f"kind: expected one of {', '.join(KINDS)}, got {kind!r}")
        self.kind, self.flip = kind, flip
        half = channels // 2
        self.net = branch(half, hidden, channels if kind == "affine" else half)

    def _halves(self, x):
        a, b = x.chunk(2, 1)
        return (b, a) if self.flip else (a, b)

    def _join(self, a, b):
        return torch.cat([b, a] if self.flip else [a, b], 1)

    def terms(self, a):
        """s(a), or None where nothing is scaled, and t(a)."""
        if self.kind != "affine":
            return None, self.net(a)
        s, t = self.net(a).chunk(2, 1)
        return torch.tanh(s), t

    def forward(self, x):
        """(N, c, h, w) to (N, c, h, w)."""
        return self.with_logdet(x)[0]

    def with_logdet(self, x):
        """What `forward` gives, and ``log |det J|`` for each of the N, or 0 if it is that for all.

        Nothing that is true can be said for ``rectified``: 0 stands there too.
        """
        a, b = self._halves(x)
        s, t = self.terms(a)
        if s is not None:
            return self._join(a, b * s.exp() + t), s.flatten(1).sum(1)
        b = F.relu(b + t) if self.kind == "rectified" else b + t
        return self._join(a, b), 0

    def inverse(self, y):
        """(N, c, h, w) to (N, c, h, w); a ValueError where ReLU has thrown the rest away."""
        if self.kind == "rectified":
            raise ValueError("coupling: expected one with an inverse, got kind 'rectified'")
        a, b = self._halves(y)
        s, t = self.terms(a)
        return self._join(a, b - t if s is None else (b - t) * (-s).exp())
