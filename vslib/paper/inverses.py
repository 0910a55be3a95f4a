"""What the conclusion of the paper asks of invertible networks, in numbers of their chapter."""

import numpy as np

from vslib import invertible, mnist, networks

__all__ = ["inverses"]


def inverses():
    """The numbers of the two claims on networks that are bijections up to one matrix.

    Accuracies are those that `vslib.invertible.measured` holds; the error is computed now.

    Returns
    -------
    numbers : dict of str to float
        Of accuracies the mean over seeds, in [0, 1]; of differences of accuracies the mean in
        points, and the lower end of its 95 % interval.
    seeds : dict of str to list of float
        One for each seed, of those numbers that have them.

    Examples
    --------
    >>> numbers, seeds = inverses()
    >>> numbers["invertible_error"] < 1e-12, len(seeds["invertible_validation"]) >= 3
    (True, True)
    """
    network, images = networks.load("bijection"), mnist.load("test")[0][:20]
    gaps = {
        "invertible_gap": invertible.difference("twin"),
        "invertible_residual": invertible.difference("residual"),
    }
    seeds = {
        "invertible_validation": invertible.over_seeds("bijection", "validation"),
        "invertible_outside": invertible.over_seeds("bijection", "fibres", "outside"),
    } | {key: gap["gaps"] for key, gap in gaps.items()}
    numbers = {key: np.mean(values) for key, values in seeds.items()}
    numbers |= {f"{key}_low": gap["low"] for key, gap in gaps.items()}
    numbers["invertible_error"] = invertible.exchange(network, images[:10], images[10:]).error.max()
    return (
        {key: float(value) for key, value in numbers.items()},
        {key: [float(value) for value in values] for key, values in seeds.items()},
    )
