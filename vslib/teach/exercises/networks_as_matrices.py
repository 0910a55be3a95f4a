"""Images as vectors, layers as matrices: exercises of the first chapter."""

import numpy as np

from vslib.teach.check import Exercise
from vslib.teach.exercises.drawn import equal, shape, vector

__all__ = ["EXERCISES"]


def _image(random):
    return (random.normal(size=shape(random)),)


def _layer(random):
    m, n = shape(random)
    return random.normal(size=(m, n)), vector(random, m), vector(random, n)


def _bias(random):
    W, b, _ = _layer(random)
    return W, b


def _taps(random):
    size = int(random.integers(2, 4))
    return random.normal(size=size), int(random.integers(size + 1, 8))


def _walking(kernel, n):
    rows = n - len(kernel) + 1
    made = np.zeros((rows, n))
    for i in range(rows):
        made[i, i : i + len(kernel)] = kernel
    return made


def _going_round(kernel, n):
    made = np.zeros((n, n))
    for i in range(n):
        made[i, (i + np.arange(len(kernel))) % n] = kernel
    return made


EXERCISES = (
    Exercise(
        call="as_vector(image)",
        draw=_image,
        reference=lambda image: image.ravel(),
        holds=(equal("the rows of the image stand one after the other"),),
        slips=(
            (
                "The columns stand one after the other: that is the order of Fortran.",
                lambda image: image.T.ravel(),
            ),
            (
                "The rows stand in the wrong order, the last one first.",
                lambda image: image[::-1].ravel(),
            ),
            ("The rows run backwards.", lambda image: image[:, ::-1].ravel()),
            ("It is still a matrix, of one column.", lambda image: image.reshape(-1, 1)),
        ),
    ),
    Exercise(
        call="affine(W, b, x)",
        draw=_layer,
        reference=lambda W, b, x: W @ x + b,
        holds=(equal("the result is W x + b"),),
        slips=(
            ("The bias is missing.", lambda W, b, x: W @ x),
            ("The bias is subtracted.", lambda W, b, x: W @ x - b),
            ("W is taken by its columns: that is the transpose.", lambda W, b, x: W.T @ x + b),
            (
                "W * x multiplies entry by entry; a matrix product is W @ x.",
                lambda W, b, x: W * x + b[:, None],
            ),
        ),
    ),
    Exercise(
        call="absorb(W, b)",
        draw=_bias,
        reference=lambda W, b: np.column_stack([W, b]),
        holds=(equal("the bias is one more column, behind those of W"),),
        slips=(
            (
                "The bias stands in front: then the 1 must stand in front of x, too.",
                lambda W, b: np.column_stack([b, W]),
            ),
            ("The column has the wrong sign.", lambda W, b: np.column_stack([W, -b])),
            (
                "The bias is added to every column. It needs a column of its own.",
                lambda W, b: W + b[:, None],
            ),
            (
                "That is a row more. x gets a 1 more, so W gets a column more.",
                lambda W, b: np.vstack([W, np.append(b, np.zeros(99))[: W.shape[1]]]),
            ),
        ),
    ),
    Exercise(
        call="convolution_matrix(kernel, n)",
        draw=_taps,
        reference=_walking,
        holds=(equal("row i holds the kernel from column i on"),),
        slips=(
            (
                "The kernel runs backwards. A convolution of a network does not turn it round.",
                lambda kernel, n: _walking(kernel[::-1], n),
            ),
            (
                "That is the transpose: a row belongs to an output.",
                lambda kernel, n: _walking(kernel, n).T,
            ),
            (
                "Here nothing goes round: there are only n - k + 1 places for the kernel.",
                _going_round,
            ),
        ),
    ),
)
