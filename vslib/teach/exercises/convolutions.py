"""Kernels as matrices, on a ring, with strides, by patches: exercises of the fifth chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal

__all__ = ["EXERCISES"]


def _ring(kernel, n):
    made = np.zeros((n, n))
    for i in range(n):
        made[i, (i + np.arange(len(kernel))) % n] = kernel
    return made


def _strided(kernel, n, stride):
    starts = range(0, n - len(kernel) + 1, stride)
    made = np.zeros((len(starts), n))
    for row, start in zip(made, starts, strict=True):
        row[start : start + len(kernel)] = kernel
    return made


def _patches(image, k):
    h, w = image.shape
    return np.array(
        [image[i : i + k, j : j + k].ravel() for i in range(h - k + 1) for j in range(w - k + 1)]
    )


def _taps(random):
    size = int(random.integers(2, 4))
    return random.normal(size=size), int(random.integers(size + 1, 8))


def _steps(random):
    kernel, n = _taps(random)
    return kernel, n + 2, int(random.integers(2, 4))


def _image(random):
    h, w = random.integers(3, 6, size=2)
    return random.normal(size=(h, w)), int(random.integers(2, 4))


EXERCISES = (
    Exercise(
        call="ring(kernel, n)",
        draw=_taps,
        reference=_ring,
        holds=(
            equal(
                "each row is the one above, shifted by one; what leaves on the right comes in again"
            ),
        ),
        slips=(
            ("The kernel runs backwards.", lambda kernel, n: _ring(kernel[::-1], n)),
            (
                "Here the kernel goes round: nothing is cut off at the end.",
                lambda kernel, n: np.triu(_ring(kernel, n)),
            ),
            (
                "That is the transpose: a row belongs to an output.",
                lambda kernel, n: _ring(kernel, n).T,
            ),
        ),
    ),
    Exercise(
        call="strided(kernel, n, stride)",
        draw=_steps,
        reference=_strided,
        holds=(equal("row i holds the kernel from column i times the stride on"),),
        slips=(
            (
                "The stride is left out: this kernel visits every place.",
                lambda kernel, n, stride: _strided(kernel, n, 1),
            ),
            (
                "The stride is between outputs, not between the taps of the kernel.",
                lambda kernel, n, stride: _strided(np.insert(kernel, 1, [0] * (stride - 1)), n, 1),
            ),
            (
                "The kernel runs backwards.",
                lambda kernel, n, stride: _strided(kernel[::-1], n, stride),
            ),
            (
                "A last row is cut off or hangs over the edge: only whole kernels count.",
                lambda kernel, n, stride: _ring(kernel, n)[::stride],
            ),
        ),
    ),
    Exercise(
        call="patches(image, k)",
        draw=_image,
        reference=_patches,
        holds=(equal("each row is a patch of k x k pixels, read as the image is read"),),
        slips=(
            (
                "The pixels of a patch are read by columns.",
                lambda image, k: (
                    _patches(image.T, k)
                    .reshape(image.shape[1] - k + 1, image.shape[0] - k + 1, -1)
                    .swapaxes(0, 1)
                    .reshape(-1, k * k)
                ),
            ),
            (
                "The patches come by columns of the image.",
                lambda image, k: (
                    _patches(image, k)
                    .reshape(image.shape[0] - k + 1, image.shape[1] - k + 1, -1)
                    .swapaxes(0, 1)
                    .reshape(-1, k * k)
                ),
            ),
            (
                "The patches do not overlap. A kernel visits every place.",
                lambda image, k: np.array(
                    [
                        image[i : i + k, j : j + k].ravel()
                        for i in range(0, image.shape[0] - k + 1, k)
                        for j in range(0, image.shape[1] - k + 1, k)
                    ]
                ),
            ),
            ("A patch is to be a row.", lambda image, k: _patches(image, k).T),
        ),
    ),
)
