"""From an output back to an input: equation (5), two repairs of it, a certificate for each."""

from dataclasses import dataclass, field

import numpy as np

from vslib.arrays import real_array
from vslib.inversion import newton
from vslib.inversion.failures import (
    InversionError,
    NotConvergedError,
    OutOfRangeError,
    UnreachableError,
)
from vslib.inversion.memory import flat, kept, run
from vslib.inversion.sequential import norm, read

__all__ = [
    "Inversion",
    "InversionError",
    "NotConvergedError",
    "OutOfRangeError",
    "UnreachableError",
    "invert",
]

METHODS = ("pseudoinverse", "newton", "remembered")


@dataclass(frozen=True)
class Inversion:
    """Inputs found for outputs (..., m), each with its certificate.

    Attributes
    ----------
    x : (..., n) array
        Flat inputs; zeros where the way back ended before it reached the input.
    error : (...) array
        ||f(x) - y|| / ||y||, or ||f(x)|| for y = 0: f(x) as the network itself computes it, in
        float64 and evaluation mode.
    solved : (...) boolean array
        Whether the error is within the tolerance. All are, unless `partial` was asked for.
    iterations : (...) int array
        Steps that Newton's method took to the tolerance; 0 for the others.
    distance : (...) array
        ||x - start||; ||x|| for the other methods, which have no start.
    stops : tuple of InversionError
        Where those not solved ended, from the output downwards; each of them in one.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    >>> found = invert(network, [[0.1, 0.2], [0.5, 2.0]], partial=True)
    >>> found.solved, len(found.stops)
    (array([ True, False]), 1)
    """

    x: np.ndarray
    error: np.ndarray
    solved: np.ndarray
    iterations: np.ndarray
    distance: np.ndarray
    stops: tuple[InversionError, ...] = field(repr=False)


def invert(
    network,
    output,
    method="pseudoinverse",
    start=None,
    *,
    memory=None,
    tolerance=1e-10,
    steps=50,
    partial=False,
):
    """Inputs that a network maps to the given outputs.

    Parameters
    ----------
    network : torch.nn.Module
        A Sequential, nested or not, of Linear and `vslib.inversion.INVERTIBLE`; Flatten and
        Dropout are passed over. Read as a float64 copy in evaluation mode.
    output : (..., m) array
    method : {"pseudoinverse", "newton", "remembered"}
        "pseudoinverse": equation (5) with the bias, W^+ (f^-1(y) - b), layer by layer.
        "newton": x <- x + J(x)^+ (y - f(x)), damped; an activation at the end of the network is
        inverted first. "remembered": equation (5) plus the rejected part of each layer's input.
    start : (n,) or (..., n) array, or images whose axes flatten to n, optional
        Where "newton" starts; zero by default.
    memory : Memory, optional
        From `remember`, for "remembered". Its `rounding` is used where the output is its own.
    tolerance : float
        The largest relative error of an answer.
    steps : int
        The most that "newton" takes.
    partial : bool
        Return what was found, and in `stops` where the others ended, instead of raising.

    Returns
    -------
    Inversion

    Raises
    ------
    OutOfRangeError
        If a value on the way back is outside the range of an activation, or at its end, where
        float32 saturates.
    UnreachableError
        If a value on the way back is no output of its linear layer.
    NotConvergedError
        If the network does not give an output back to the tolerance.
    ValueError
        If the network has another layer, or an argument does not fit.

    References
    ----------
    Pattichis and Pattichis (2024), equation (5).

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.SELU())
    >>> found = invert(network, [0.5, 1.0])
    >>> found.x.shape, bool(found.error < 1e-12)
    ((3,), True)
    """
    if method not in METHODS:
        raise ValueError(f"method: expected one of {', '.join(METHODS)}, got {method!r}")
    if start is not None and method != "newton":
        raise ValueError(f"start: expected only with method 'newton', got {method!r}")
    if (memory is not None) != (method == "remembered"):
        raise ValueError(f"memory: expected with method 'remembered' and only then, got {method!r}")
    sequence, network = read(network)
    m, n = sequence.shape
    output = real_array(output, "output", length=m)
    batch, y = output.shape[:-1], output.reshape(-1, m)
    origin = np.zeros((len(y), n))
    if start is not None:
        start = flat(start, "start", n)
        if start.shape[:-1] not in ((), batch):
            raise ValueError(f"start: expected one, or one an output, {batch}, got {start.shape}")
        origin[:] = start.reshape(-1, n)

    iterations = np.zeros(len(y), int)
    if method == "newton":
        below, above = sequence.cut()
        found, left, stops = above.back(y, {}, tolerance)
        found, iterations[left] = newton.solve(
            below.linearised, origin[left], found, tolerance, steps
        )
    else:
        added = {} if memory is None else kept(memory, sequence, output)
        found, left, stops = sequence.back(y, added, tolerance)

    x = np.zeros((len(y), n))
    if left.size:
        x[left] = found
    size = norm(y)
    with np.errstate(over="ignore", invalid="ignore"):
        error = norm(run(network, x) - y) / np.where(size == 0, 1, size)
    solved = np.zeros(len(y), bool)
    solved[left] = error[left] <= tolerance
    missed = left[~solved[left]]
    if missed.size:
        stops.append(
            NotConvergedError(
                tolerance, missed, y[missed], error[missed].max(), iterations[missed].max()
            )
        )
    numbers = error, solved, iterations, norm(x - origin)
    inversion = Inversion(x.reshape(*batch, n), *(a.reshape(batch) for a in numbers), tuple(stops))
    for stop in stops:
        stop.inversion = inversion
    if stops and not partial:
        raise stops[0]
    return inversion
