"""From an output back to an input: equation (5), two repairs of it, a certificate for each."""

import math
from dataclasses import dataclass, field

import numpy as np

from vslib.arrays import real_array, resolution
from vslib.inversion import newton
from vslib.inversion.failures import (
    InversionError,
    NotConvergedError,
    OutOfRangeError,
    UnreachableError,
)
from vslib.inversion.memory import flat, kept
from vslib.inversion.reading import read
from vslib.inversion.sequential import ROUNDING, norm

__all__ = [
    "Inversion",
    "InversionError",
    "NotConvergedError",
    "OutOfRangeError",
    "UnreachableError",
    "invert",
]

METHODS = ("pseudoinverse", "newton", "remembered")
TOLERANCE = 1e-10
ROOM = 16  # times the rounding of one number, for what many of them add up to


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
        Steps that Newton's method took to the tolerance; for the others 0, or the steps that made
        up for what the layers made of rounded outputs.
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
    tolerance=None,
    steps=50,
    partial=False,
    take=None,
):
    """Inputs that a network maps to the given outputs.

    Parameters
    ----------
    network : torch.nn.Module
        Of Linear and `vslib.inversion.INVERTIBLE`, one after the other: a Sequential, nested or
        not, or a forward of its own. Flatten and Dropout are passed over. Asked in float64 and
        evaluation mode, whatever its own; a layer is what it applies, be it pruned, normalised or
        parametrised.
    output : (..., m) array
    method : {"pseudoinverse", "newton", "remembered"}
        "pseudoinverse": equation (5) with the bias, W^+ (f^-1(y) - b), layer by layer.
        "newton": x <- x + J(x)^+ (y - f(x)), damped; an activation at the end of the network is
        inverted first. "remembered": equation (5) plus the rejected part of each layer's input.
    start : (n,) or (..., n) array, or images whose axes flatten to n, optional
        Where "newton" starts; zero by default.
    memory : Memory, optional
        From `remember`, for "remembered". Its `rounding` is used where the output is its own.
    tolerance : float, optional
        The largest relative error of an answer. By default 1e-10, or 16 times the eps of the
        outputs where they come in a shorter float: 1.9e-6 for float32. Where float32's precision
        lowers the rank of a layer, also 16 times what that leaves out of the layer. What equation
        (5) makes of such outputs is refined by Newton's method where a layer magnified the
        rounding.
    steps : int
        The most that "newton" takes.
    partial : bool
        Return what was found, and in `stops` where the others ended, instead of raising.
    take : str, int or callable, optional
        Of a network that gives no tensor: what to take as its output.

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
    with read(network, take) as (sequence, run):
        tolerance = _default(output, sequence) if tolerance is None else tolerance
        m, n = sequence.shape
        output = real_array(output, "output", length=m)
        batch, y = output.shape[:-1], output.reshape(-1, m)
        origin = _origin(start, batch, n)
        iterations = np.zeros(len(y), int)
        if method == "newton":
            below, above = sequence.cut()
            found, left, stops, doubts = above.back(y, {}, tolerance)
            found, iterations[left] = newton.solve(
                below.linearised, origin[left], found, tolerance, steps
            )
        else:
            added = {} if memory is None else kept(memory, sequence, output)
            found, left, stops, doubts = sequence.back(y, added, tolerance)
        x = np.zeros((len(y), n))
        if left.size:
            x[left] = found
        error = _error(run(x), y)
        near = left[error[left] > tolerance]
        if near.size and tolerance > ROUNDING and method != "newton":
            x[near], iterations[near] = newton.solve(
                sequence.linearised, x[near], y[near], tolerance, steps
            )
            error[near] = _error(run(x[near]), y[near])

    solved = np.zeros(len(y), bool)
    solved[left] = error[left] <= tolerance
    for name, which, values, shares in doubts:
        bad = ~solved[which]
        if bad.any():
            stops.append(UnreachableError(name, which[bad], values[bad], shares[bad].max()))
    order = list(sequence.layers)
    stops.sort(key=lambda stop: -order.index(stop.layer))
    missed = np.setdiff1d(np.flatnonzero(~solved), [i for stop in stops for i in stop.which])
    if missed.size:
        worst, most = error[missed].max(), iterations[missed].max()
        stops.append(NotConvergedError(tolerance, missed, y[missed], worst, most))
    numbers = error, solved, iterations, norm(x - origin)
    inversion = Inversion(x.reshape(*batch, n), *(a.reshape(batch) for a in numbers), tuple(stops))
    for stop in stops:
        stop.inversion = inversion
    if stops and not partial:
        raise stops[0]
    return inversion


def _error(outputs, y):
    """||f(x) - y|| / ||y|| of each row, infinite where f(x) is no number."""
    size = norm(y)
    with np.errstate(over="ignore", invalid="ignore"):
        error = norm(outputs - y) / np.where(size == 0, 1, size)
    return np.where(np.isnan(error), np.inf, error)


def _default(output, sequence):
    """The tolerance that the precision of the outputs and the ranks of the layers allow."""
    lost = max(layer.lost for layer in sequence.linear.values())
    return max(TOLERANCE, ROOM * resolution(output), ROOM * lost)


def _origin(start, batch, n):
    """Where each way begins, (N, n)."""
    origin = np.zeros((math.prod(batch), n))
    if start is not None:
        start = flat(start, "start", n)
        if start.shape[:-1] not in ((), batch):
            raise ValueError(f"start: expected one, or one an output, {batch}, got {start.shape}")
        origin[:] = start.reshape(-1, n)
    return origin
