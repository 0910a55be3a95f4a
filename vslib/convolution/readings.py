"""The matrices of one convolution side by side: what each reading says of it."""

from dataclasses import dataclass

import numpy as np

from vslib.convolution.network import conv_operators
from vslib.layers import matrices
from vslib.spaces import Subspaces

__all__ = ["READINGS", "Reading", "readings"]

READINGS = ("kernels", "filters", "operator, circular", "operator, zeros")


@dataclass(frozen=True)
class Reading:
    """A layer in one reading.

    Attributes
    ----------
    name : str
    reading : {"kernels", "filters", "operator, circular", "operator, zeros"}
    shape : (int, int)
        Of the matrix.
    singular_values : (min(m, n),) or (r,) array
        In decreasing order.
    condition_number : float
        s1 / sr; infinite for a layer of zeros.
    pictures : (k, h, h) array
        Of the largest signal vectors s_i v_i, signed: a kernel; of a filter the 16 channels with
        the most energy, or the only one, as tiles; of an operator the channel with the most energy.

    Examples
    --------
    >>> print(Reading("conv1", "kernels", (64, 9), np.ones(9), 1.0, np.ones((9, 3, 3))))
    conv1, kernels, 64 x 9
    """

    name: str
    reading: str
    shape: tuple
    singular_values: np.ndarray
    condition_number: float
    pictures: np.ndarray

    def __str__(self):
        m, n = self.shape
        return f"{self.name}, {self.reading}, {m} x {n}"


def readings(network, image_shape, names, k=9, rtol=None):
    """Convolutions of a network with square kernels and square inputs, each in all four readings.

    Parameters
    ----------
    network : torch.nn.Module
    image_shape : tuple of int
        Of one input of `network`, without the batch: operators have the size that they meet there.
    names : sequence of str
        Of the layers.
    k : int
        How many signal vectors to picture, where there are so many.
    rtol : float, optional
        Singular values up to ``rtol * s1`` count as zero; by default what the precision of the
        weights decides (`vslib.arrays.precision`).

    Returns
    -------
    dict of str to list of Reading
        By the name of the layer, in the order of READINGS.

    Raises
    ------
    vslib.layers.UnknownLayerError
        If the network has no convolution of that name.
    ValueError
        Before anything is computed, if an operator is too large for all its singular values.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1))
    >>> for one in readings(network, (2, 5, 5), ["0"], k=4)["0"]:
    ...     print(one, one.pictures.shape)
    0, kernels, 8 x 9 (4, 3, 3)
    0, filters, 4 x 18 (4, 3, 3)
    0, operator, circular, 100 x 50 (4, 5, 5)
    0, operator, zeros, 100 x 50 (4, 5, 5)
    """
    whole = [
        conv_operators(network, image_shape, mode, rtol, names) for mode in ("circular", "zeros")
    ]
    for operators in whole:
        for operator in operators.values():
            operator.check_size()
    # An operator is let go when it has been read: what decomposes it is large.
    return {
        name: [
            *(_of_matrix(network, name, reading, k, rtol) for reading in READINGS[:2]),
            *(_of_operator(name, operators.pop(name), k) for operators in whole),
        ]
        for name in dict.fromkeys(names)
    }


def _of_matrix(network, name, reading, k, rtol):
    (layer,) = matrices(network.get_submodule(name), reading).values()
    space = Subspaces(layer, rtol)
    vectors = space.signal_vectors[:k] if space.rank else np.zeros((1, space.shape[1]))
    pictures = _tiles(vectors.reshape(len(vectors), -1, *layer.kernel_shape), 16)
    values = space.singular_values if space.rank else np.zeros(1)
    number = space.condition_number if space.rank else np.inf
    return Reading(name, layer.reading, layer.shape, values, number, pictures)


def _of_operator(name, operator, k):
    pictures = _tiles(operator.signal_vectors(k), 1)
    values = operator.singular_values().values
    number = operator.condition_number if operator.rank else np.inf
    return Reading(name, operator.reading, operator.shape, values, number, pictures)


def _tiles(vectors, most):
    """The channels with the most energy of each vector (k, C, h, h), as one square picture."""
    side = int(np.sqrt(min(most, vectors.shape[1])))
    order = np.argsort(-(vectors**2).sum((2, 3)), axis=1)[:, : side**2]
    tiles = np.take_along_axis(vectors, order[:, :, None, None], 1)
    tiles = tiles.reshape(len(vectors), side, side, *vectors.shape[2:]).swapaxes(2, 3)
    return tiles.reshape(len(vectors), side * vectors.shape[2], -1)
