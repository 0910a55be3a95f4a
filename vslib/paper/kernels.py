"""Figure 2 of the paper in numbers: nine signal kernels, and what random ones show."""

import numpy as np

from vslib import layers
from vslib.convolution import ConvOperator
from vslib.paper.measures import smallest_change
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
    >>> {key: round(float(value), 2) for key, value in found.items()}
    {'kernels_condition_number': 1.08, 'kernels_line': 0.64, 'kernels_seen': 2.0}
    """
    S = Subspaces(layers.matrices(network)[LAYER])
    return {"kernels_condition_number": S.condition_number, **looks(S.signal.T)}


def looks(v):
    """How much of the energy of nine signal kernels is in one line, and what the paper saw.

    Examples
    --------
    >>> {key: round(float(value), 2) for key, value in looks(np.eye(9)).items()}
    {'kernels_line': 1.0, 'kernels_seen': 1.0}
    """
    energy = v**2
    lines = energy[:, LINES].sum(2)
    strongest = lines.argmax(1)
    # Left column of v1, lower centre of v2, top or bottom row of v7, a diagonal of v9.
    seen = strongest[0] == 3, energy[1].argmax() == 7, strongest[6] in (0, 2), strongest[8] == 7
    return {"kernels_line": lines.max(1).mean(), "kernels_seen": float(sum(seen))}


def figure_2(network, untrained):
    """The nine signal kernels of `LAYER`, beside what random weights show.

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
    import torch

    matrix, start = (layers.matrices(n)[LAYER].values for n in (network, untrained))
    found = kernels(network)
    draws = chance(matrix, draws=DRAWS)
    # Signs and the order of the values do not matter: bases of random directions.
    bases = np.linalg.qr(np.random.default_rng(0).normal(size=(DRAWS, 9, 9)))[0]
    lines = np.array([looks(basis)["kernels_line"] for basis in bases])
    conv = network.get_submodule(LAYER)
    x = np.random.default_rng(0).normal(size=(64, 7, 7)).astype(np.float32)
    with torch.no_grad():
        apart = conv(torch.tensor(x)[None]).numpy().ravel() - ConvOperator.of(conv, x.shape).matvec(
            x.ravel()
        )
    S = Subspaces(matrix)
    return {
        **found,
        "kernels_rows": float(len(matrix)),
        "kernels_vectors": float(S.rank),
        "kernels_gap": smallest_change(S.singular_values),
        "kernels_chance": draws.condition_numbers.mean(),
        "kernels_p": draws.p_value(found["kernels_condition_number"]),
        "kernels_line_chance": lines.mean(),
        "kernels_line_p": two_sided_p(lines, found["kernels_line"]),
        "kernels_change": Subspaces(matrix - start).condition_number,
        "kernels_moved": np.linalg.norm(matrix - start) / np.linalg.norm(start),
        "exact_convolution": np.abs(apart).max(),
    }
