"""Newton's method with the pseudoinverse of the Jacobian, for many systems at once."""

import numpy as np

__all__ = ["solve"]

EPS = np.finfo(np.float64).eps
ROUNDING = 8 * EPS  # below it no step is worth its cost
BLOCK = 2**23  # entries of Jacobians held at a time
HALVINGS = 30
DESCENT = 1e-4  # of the fall that the linear model promises (Armijo)


def solve(function, start, targets, tolerance=1e-10, steps=50):
    """Solutions of f(x) = y near a start: x <- x + t J(x)^+ (y - f(x)), row by row.

    Each step lies in the row space of the local Jacobian. It is halved until the residual falls,
    and the steps go on below the tolerance while each at least halves the residual.

    Parameters
    ----------
    function : callable
        From x (k, n) to f(x) (k, m) and a function without arguments that gives the Jacobians
        there, (k, m, n).
    start : (N, n) array
    targets : (N, m) array
    tolerance : float
        Of ||y - f(x)|| / ||y||, or of ||f(x)|| for y = 0.
    steps : int

    Returns
    -------
    x : (N, n) array
        The last of each row, whether it is a solution or not.
    iterations : (N,) int array
        Steps until the residual was within the tolerance; those below it are not counted.

    References
    ----------
    Ben-Israel (1966), A Newton-Raphson method for the solution of systems of equations.

    Examples
    --------
    >>> square = lambda x: (x**2, lambda: 2 * x[:, :, None])
    >>> x, _ = solve(square, np.array([[1.0]]), np.array([[9.0]]), 1e-12, 20)
    >>> x.round(9)
    array([[3.]])
    """
    x, iterations = start.copy(), np.zeros(len(start), int)
    count = max(1, BLOCK // (start.shape[1] * targets.shape[1]))
    for first in range(0, len(x), count):
        block = slice(first, first + count)
        with np.errstate(over="ignore", invalid="ignore"):  # a step too far is not taken
            _solve(function, x[block], targets[block], iterations[block], tolerance, steps)
    return x, iterations


def _solve(function, x, y, iterations, tolerance, steps):
    size = np.linalg.norm(y, axis=1)
    size[size == 0] = 1
    values, _ = function(x)
    residual = np.linalg.norm(y - values, axis=1) / size
    left = np.flatnonzero(residual > ROUNDING)
    for _ in range(steps):
        if not left.size:
            return
        values, jacobians = function(x[left])
        J = jacobians()
        J = np.where(np.isfinite(J).all((1, 2), keepdims=True), J, 0)  # no step where it overflows
        # Singular values that are zero but for rounding would send the step to infinity.
        inverses = np.linalg.pinv(J, rcond=EPS * max(x.shape[1], y.shape[1]))
        directions = (inverses @ (y[left] - values)[..., None])[..., 0]
        before, length = residual[left], 1.0
        trying = np.arange(len(left))
        for _ in range(HALVINGS):
            rows = left[trying]
            trial = x[rows] + length * directions[trying]
            after = np.linalg.norm(y[rows] - function(trial)[0], axis=1) / size[rows]
            falls = after < (1 - DESCENT * length) * before[trying]
            x[rows[falls]], residual[rows[falls]] = trial[falls], after[falls]
            iterations[rows[falls & (before[trying] > tolerance)]] += 1
            # What is at the tolerance already is not worth a search.
            trying = trying[~falls & (before[trying] > tolerance)]
            if not trying.size:
                break
            length /= 2
        now = residual[left]
        halved = now <= before / 2
        left = left[(now > ROUNDING) & (halved | (now > tolerance)) & (now < before)]
