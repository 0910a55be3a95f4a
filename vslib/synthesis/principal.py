"""Where the data live: the principal subspace of each class, and the nearest known image."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from vslib import mnist
from vslib.arrays import labelled, real_array
from vslib.spaces import Subspaces, signs

__all__ = ["PrincipalSubspaces", "nearest", "principal_components"]

CHUNK = 10_000  # images at a time, in float64


@dataclass(frozen=True)
class PrincipalSubspaces:
    """An affine subspace for each class: a centre, directions from it, a scale along each.

    Those of the data come from `principal_components`; any other ones may be given, for
    instance the signal space of a layer through the average of each class.

    Attributes
    ----------
    centres : (classes, n) array
    bases : (classes, n, k) array
        Orthonormal columns.
    scales : (classes, k) array
        Positive: the length of one step along each direction; of the data's own, their
        standard deviation.

    Raises
    ------
    ValueError
        If the shapes do not fit, the columns are not orthonormal, or a scale is not positive.

    Examples
    --------
    >>> line = PrincipalSubspaces(np.zeros((1, 2)), np.array([[[1.0], [0.0]]]), np.ones((1, 1)))
    >>> line.points([[3.0]])
    array([[3., 0.]])
    """

    centres: np.ndarray
    bases: np.ndarray
    scales: np.ndarray

    def __post_init__(self):
        for name, axes in (("centres", 2), ("bases", 3), ("scales", 2)):
            object.__setattr__(self, name, real_array(getattr(self, name), name, axes=axes))
        classes, n, k = self.bases.shape
        if self.centres.shape != (classes, n) or self.scales.shape != (classes, k):
            raise ValueError(
                "centres, bases, scales: expected shapes (classes, n), (classes, n, k), "
                f"(classes, k), got {self.centres.shape}, {self.bases.shape}, {self.scales.shape}"
            )
        products = self.bases.swapaxes(1, 2) @ self.bases
        if np.abs(products - np.eye(k)).max() > 1e-6:
            raise ValueError("bases: expected orthonormal columns, got others")
        if self.scales.min() <= 0:
            raise ValueError(f"scales: expected positive numbers, got {self.scales.min():g}")

    def points(self, coefficients):
        """The points c + U diag(s) a of the subspaces.

        Parameters
        ----------
        coefficients : (..., classes, k) array
            a, in steps of the scales; 0 is the centre.

        Returns
        -------
        (..., classes, n) array
            Not held to the range of pixels.

        Raises
        ------
        ValueError
            If the coefficients are not finite and real, k for each class.
        """
        a = self._by_class(coefficients, "coefficients", self.scales.shape[1])
        return (
            self.centres + ((a * self.scales)[..., None, :] @ self.bases.swapaxes(1, 2))[..., 0, :]
        )

    def coefficients(self, x):
        """Coefficients of the point of its class's subspace that is nearest to x.

        Parameters
        ----------
        x : (..., classes, n) array

        Returns
        -------
        (..., classes, k) array

        Raises
        ------
        ValueError
            If x is not finite and real, n entries for each class.
        """
        x = self._by_class(x, "x", self.centres.shape[1])
        return ((x - self.centres)[..., None, :] @ self.bases)[..., 0, :] / self.scales

    def rejected_energy(self, x):
        """Share of the energy of x outside the span of its class's centre and directions.

        The centre is one more direction here, so that a share of ||x||^2 is meant: a linear
        subspace of k + 1 dimensions, of which the affine one is a part.

        Parameters
        ----------
        x : (..., classes, n) array

        Returns
        -------
        (..., classes) array
            In [0, 1]; 0 for x = 0.

        Raises
        ------
        ValueError
            If x is not finite and real, n entries for each class.
        """
        x = self._by_class(x, "x", self.centres.shape[1])
        spans = np.concatenate([self.centres[:, None], self.bases.swapaxes(1, 2)], axis=1)
        shares = [Subspaces(span).rejected_energy(x[..., c, :]) for c, span in enumerate(spans)]
        return np.stack(shares, axis=-1)

    def _by_class(self, value, name, length):
        value = real_array(value, name, length=length)
        classes = len(self.centres)
        if value.ndim < 2 or value.shape[-2] != classes:
            raise ValueError(
                f"{name}: expected shape (..., {classes}, {length}), got {value.shape}"
            )
        return value


def principal_components(images, labels, k=32):
    """The mean of each class, and the directions along which its images vary most.

    Parameters
    ----------
    images : (N, ...) array
    labels : (N,) array of the digits 0 to 9
    k : int
        Directions for each class, in decreasing order of scale. Each has the sign that makes
        its entry of largest magnitude positive.

    Returns
    -------
    PrincipalSubspaces
        n is the number of pixels; the scales are standard deviations over a class's images.

    Raises
    ------
    ValueError
        If an image is not finite and real, the labels are not one digit for each image and
        every digit at least once, or the images of a class vary in fewer than k directions.

    References
    ----------
    Jolliffe (2002), Principal Component Analysis, section 1.1.

    Examples
    --------
    >>> images, labels = mnist.load("test")
    >>> found = principal_components(images[:200], labels[:200], k=2)
    >>> found.bases.shape
    (10, 784, 2)
    """
    images, labels = labelled(images, labels)
    n = images[0].size
    centres = mnist.class_averages(images, labels).reshape(10, n)
    if not 1 <= k <= n:
        raise ValueError(f"k: expected a number from 1 to {n}, the pixels of an image, got {k}")
    bases, scales = [], []
    for digit, centre in enumerate(centres):
        x = images[labels == digit].reshape(-1, n) - centre
        # In float64 the leading eigenvectors are those of an SVD of x to 1e-14, ten times sooner.
        values, vectors = eigh(x.T @ x, subset_by_index=[n - k, n - 1])
        rank = np.count_nonzero(values > max(x.shape) * np.finfo(np.float64).eps * values[-1])
        if rank < k:
            raise ValueError(
                f"k: expected at most {rank}, in which the {len(x)} images of digit {digit} "
                f"vary, got {k}"
            )
        vectors, values = vectors[:, ::-1], values[::-1]
        bases.append(vectors * signs(vectors.T))
        scales.append(np.sqrt(values / len(x)))
    return PrincipalSubspaces(centres, np.stack(bases), np.stack(scales))


def nearest(images, references):
    """Euclidean distance of each image to the nearest of many others, and which one that is.

    Parameters
    ----------
    images : (..., h, w) array
    references : (N, h, w) array
        For instance the training images.

    Returns
    -------
    distances : (...) array
        ||x - reference||, from products of matrices and then exact for the one found.
    positions : (...) int array
        In `references`.

    Raises
    ------
    ValueError
        If an array is not finite and real, or the images differ in shape from the references.

    Examples
    --------
    >>> data = np.array([[[0.0, 0.0]], [[1.0, 1.0]]])
    >>> distance, position = nearest(np.array([[1.0, 0.9]]), data)
    >>> round(float(distance), 2), int(position)
    (0.1, 1)
    """
    images = real_array(images, "images")
    shape = np.shape(references)[1:]
    if len(shape) != 2 or images.shape[-2:] != shape or len(references) == 0:
        raise ValueError(
            "images, references: expected shapes (..., h, w), (N, h, w), "
            f"got {images.shape}, {np.shape(references)}"
        )
    x = images.reshape(-1, images.shape[-2] * images.shape[-1])
    best = np.full(len(x), np.inf)
    positions = np.zeros(len(x), np.int64)
    for first in range(0, len(references), CHUNK):
        part = real_array(references[first : first + CHUNK], "references").reshape(-1, x.shape[1])
        # ||x - r||^2 without ||x||^2, which is the same for all r.
        squares = (part**2).sum(1) - 2 * x @ part.T
        found = squares.argmin(1)
        least = squares[np.arange(len(x)), found]
        positions = np.where(least < best, first + found, positions)
        best = np.minimum(best, least)
    distances = [
        np.linalg.norm(one - real_array(references[at], "references").ravel())
        for one, at in zip(x, positions, strict=True)
    ]
    return np.reshape(distances, images.shape[:-2]), positions.reshape(images.shape[:-2])
