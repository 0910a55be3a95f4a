"""The Jacobian of a bijection at one image: how it stretches, and that it keeps volume."""

from dataclasses import dataclass

import numpy as np

from vslib.inference import asked, pullback
from vslib.invertible.opening import opened, shaped

__all__ = ["Jacobian", "jacobian"]


@dataclass(frozen=True)
class Jacobian:
    """The 784 x 784 matrix of derivatives of the code by the pixels, at one image.

    Attributes
    ----------
    matrix : (784, 784) array
    singular_values : (784,) array
        In decreasing order.

    Examples
    --------
    >>> J = Jacobian(np.diag([4.0, 0.25]), np.array([4.0, 0.25]))
    >>> J.condition_number, J.product, J.log_volume
    (16.0, 1.0, 0.0)
    """

    matrix: np.ndarray
    singular_values: np.ndarray

    @property
    def condition_number(self):
        """The largest over the smallest singular value."""
        return float(self.singular_values[0] / self.singular_values[-1])

    @property
    def log_volume(self):
        """The sum of the logarithms of the singular values: ``log |det J|``."""
        return float(np.log(self.singular_values).sum())

    @property
    def product(self):
        """The product of the singular values: ``|det J|``, 1 where volume is preserved."""
        return float(np.exp(self.log_volume))


def jacobian(classifier, x):
    """The Jacobian of the bijection of a classifier at one image, in float64.

    Parameters
    ----------
    classifier : vslib.invertible.Classifier
    x : (28, 28) array

    Returns
    -------
    Jacobian

    Raises
    ------
    ValueError
        If the classifier has no invertible bijection, or x is no finite image.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> J = jacobian(networks.load("bijection"), mnist.load("test")[0][0])
    >>> J.singular_values.shape, abs(J.log_volume) < 1e-10
    ((784,), True)
    """
    image = shaped(x, "x", 2)
    with opened(classifier), asked(classifier.bijection, (28, 28), double=True) as ask:
        _, rows = pullback(ask, ask.tensor(image), 784)
    matrix = rows.cpu().numpy()
    return Jacobian(matrix, np.linalg.svd(matrix, compute_uv=False))
