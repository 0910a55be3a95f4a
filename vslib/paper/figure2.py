"""Figure 2 of the paper in numbers: nine signal kernels, and what random ones show."""

import numpy as np

from vslib import layers
from vslib.convolution import ConvOperator
from vslib.paper.authors import authors
from vslib.paper.measures import smallest_change, two_valuedness
from vslib.spaces import Subspaces, chance, two_sided_p

__all__ = ["LAYER", "figure_2", "kernels", "looks"]

LAYER = "layer1.0.conv1"
DRAWS = 2000
# The lines of a 3 x 3 patch: rows, columns, diagonals.
PATCH = np.arange(9).reshape(3, 3)
LINES = np.vstack([PATCH, PATCH.T, PATCH.diagonal(), np.fliplr(PATCH).diagonal()])


def kernels(network):
    """What is read off the nine signal kernels, of a network trained or not.

    Parameters
    ----------
    network : torch.nn.Module
        resnet18.

    Examples
    --------
    >>> from vslib import networks
    >>> found = kernels(networks.load("resnet18"))
    >>> round(float(found["kernels_condition_number"]), 2), found["kernels_seen"]
    (1.08, 3.0)
    """
    S = Subspaces(layers.matrices(network)[LAYER])
    found = {f"kernels_{key}": value for key, value in looks(S.signal.T).items()}
    return {"kernels_condition_number": S.condition_number, **found}


def looks(v):
    """What the eye reads off nine kernels of 3 x 3, as numbers.

    The four patterns that the paper names are sought in the brightness of the pictures, each in
    either sign, since the sign of a singular vector is a convention: the left column is the
    brightest of all rows, columns and diagonals of v1; the lower centre is the brightest pixel of
    v2; the top and the bottom row of v7 are brighter than the row between; the diagonal from
    lower left is the brightest line of v9.

    Parameters
    ----------
    v : (9, 9) array
        Unit vectors, one a row.

    Returns
    -------
    dict of str to float
        "line", the share of the energy of a kernel in its strongest line, "binary", its
        two-valuedness, both in the mean, and "seen", how many of the four patterns.

    Examples
    --------
    >>> {key: round(float(value), 2) for key, value in looks(np.eye(9)).items()}
    {'line': 1.0, 'binary': 0.11, 'seen': 0.0}
    """
    return {
        "line": (v**2)[:, LINES].sum(2).max(1).mean(),
        "binary": two_valuedness(v).mean(),
        "seen": float(sum(map(max, _patterns(v), _patterns(-v)))),
    }


def _patterns(v):
    bright, rows = v[:, LINES].sum(2), v[6, PATCH].sum(1)
    left, diagonal = bright[0].argmax() == 3, bright[8].argmax() == 7
    return left, v[1].argmax() == 7, rows.argmin() == 1, diagonal


def figure_2(network, untrained):
    """The nine signal kernels of `LAYER`, and the authors' own, beside what random ones show.

    Parameters
    ----------
    network, untrained : torch.nn.Module
        resnet18, after training and before.

    Examples
    --------
    >>> from vslib import networks
    >>> found = figure_2(networks.load("resnet18"), networks.load("resnet18", epoch=0))
    >>> round(found["kernels_condition_number"], 2), round(found["kernels_change"], 1)
    (1.08, 3.4)
    >>> found["kernels_p"] > 0.9
    True
    """
    matrix, start = (layers.matrices(n)[LAYER].values for n in (network, untrained))
    found, theirs = kernels(network), looks(authors()["kernels"].value)
    draws = chance(matrix, draws=DRAWS)
    # Signs and the order of the values do not matter: bases of random directions.
    bases = np.linalg.qr(np.random.default_rng(0).normal(size=(DRAWS, 9, 9)))[0]
    random = [looks(basis) for basis in bases]
    line, binary, seen = (np.array([r[key] for r in random]) for key in ("line", "binary", "seen"))
    S = Subspaces(matrix)
    return {
        **found,
        **{f"authors_{key}": value for key, value in theirs.items()},
        "authors_line_p": two_sided_p(line, theirs["line"]),
        "kernels_rows": float(len(matrix)),
        "kernels_vectors": float(S.rank),
        "kernels_gap": smallest_change(S.singular_values),
        "kernels_chance": draws.condition_numbers.mean(),
        "kernels_p": draws.p_value(found["kernels_condition_number"]),
        "kernels_line_chance": line.mean(),
        "kernels_line_p": two_sided_p(line, found["kernels_line"]),
        "kernels_binary_chance": binary.mean(),
        "kernels_binary_p": two_sided_p(binary, found["kernels_binary"]),
        "kernels_seen_chance": seen.mean(),
        "kernels_seen_often": (seen >= 3).mean(),
        "kernels_change": Subspaces(matrix - start).condition_number,
        "kernels_moved": np.linalg.norm(matrix - start) / np.linalg.norm(start),
        **_exact(network.get_submodule(LAYER), matrix, S),
    }


def _exact(conv, matrix, S):
    """Errors of what is exact for this layer: its operator, its support, the space of outputs."""
    import torch

    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 7, 7)).astype(np.float32)
    with torch.no_grad():
        outputs = conv(torch.tensor(x)[None]).numpy()[0]
    # One kernel answers to one channel of a patch; a pixel of the output adds up 64 such answers.
    partial = np.einsum("oik,ik->oi", matrix.reshape(64, 64, 9), x[:, 2:5, 2:5].reshape(64, 9))
    y, reached = rng.normal(size=len(matrix)), matrix @ rng.normal(size=9)
    signal, rejected = S.split_out(y)
    out = (signal + rejected - y, rejected @ matrix, S.split_out(reached)[1])
    return {
        "exact_convolution": np.abs(
            outputs.ravel() - ConvOperator.of(conv, x.shape).matvec(x.ravel())
        ).max(),
        "exact_support": np.abs(partial.sum(1) - outputs[:, 3, 3]).max(),
        "exact_out": max(np.abs(part).max() for part in out),
    }
