"""Two rules for vectors: how their energy is shared, and which sign a singular vector has."""

import numpy as np

__all__ = ["rejected_share", "signs"]


def rejected_share(signal, rejected):
    """||rejected||^2 / (||signal||^2 + ||rejected||^2), for numbers of any magnitude.

    Parameters
    ----------
    signal, rejected : (..., n) arrays
        Orthogonal parts of a vector.

    Returns
    -------
    (...) array
        In [0, 1]; 0 where both are zero, and nothing is lost.

    Raises
    ------
    ValueError
        If an entry is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> rejected_share(np.array([3.0, 0.0]), np.array([0.0, 4.0])).round(2)
    np.float64(0.64)
    """
    largest = np.maximum(np.abs(signal), np.abs(rejected)).max(-1, keepdims=True)
    largest = np.where(largest == 0, 1, largest)
    with np.errstate(invalid="ignore"):
        kept, lost = (((part / largest) ** 2).sum(-1) for part in (signal, rejected))
    share = lost / np.where(kept + lost == 0, 1, kept + lost)
    if not np.isfinite(share).all():
        raise ValueError("signal, rejected: expected finite numbers, got NaN or infinity")
    return share


def signs(vectors):
    """+1 or -1 for each vector: what makes its entry of largest magnitude positive.

    Where some are equal but for rounding it is the first of them, so that pictures do not depend
    on the machine.

    Parameters
    ----------
    vectors : (k, n) array
        Nonzero.

    Returns
    -------
    (k,) array

    Examples
    --------
    >>> import numpy as np
    >>> signs(np.array([[0.6, -0.8], [0.6, 0.8]]))
    array([-1.,  1.])
    """
    vectors = np.asarray(vectors)
    sizes = np.abs(vectors)
    peaks = (sizes > (1 - 1e-6) * sizes.max(1, keepdims=True)).argmax(1)
    return np.sign(vectors[np.arange(len(vectors)), peaks])
