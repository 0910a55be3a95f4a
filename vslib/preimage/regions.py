"""The linear regions of a ReLU network: where it is affine, and which affine map it is there."""

import numpy as np

from vslib.arrays import real_array
from vslib.preimage.networks import of_arrays, of_torch
from vslib.preimage.polytopes import Polytope
from vslib.preimage.relu import FLOAT32, slack

__all__ = ["LinearRegion", "UncertifiedError", "certified", "linear_region"]

CERTAIN = 1e-9  # relative differences: what is left of a float64 computation done in another order
POINTS = 8


class UncertifiedError(ValueError):
    """A network that is not the affine map, or has not the pattern, that was read from it.

    Examples
    --------
    >>> issubclass(UncertifiedError, ValueError)
    True
    """


class LinearRegion(Polytope):
    """The inputs on which a ReLU network has one activation pattern, and is affine: W x + b.

    Attributes
    ----------
    W : (m, n) array
    b : (m,) array
        Of the network within the region.
    pattern : tuple of bool arrays
        For each hidden layer, which units are active.
    error : float
        The certificate: the worst of ||W x + b - f(x)|| / (||W x|| + ||b||), f(x) as the network
        itself computes it in float64, over x and points all around it in the region.

    Examples
    --------
    >>> layers = [([[1.0], [-1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0])]
    >>> region = linear_region(layers, [3.0])
    >>> region.W, region.pattern, region.error < 1e-12
    (array([[1.]]), (array([ True, False]),), True)
    """

    def __init__(self, W, b, pattern, parts, sizes, box, tolerance):
        given = FLOAT32 if tolerance is None else tolerance
        super().__init__(((), ()), parts, box, given, (None, sizes))
        self.W, self.b, self.pattern, self.error = W, b, pattern, np.inf
        self._parts = parts, sizes, box, tolerance

    def with_output(self, y):
        """The inputs of the region whose output is y: W x + b = y.

        Parameters
        ----------
        y : (m,) array

        Returns
        -------
        Polytope
            Empty where no input of the region has that output.
        """
        *parts, tolerance = self._parts
        tolerance = slack(y) if tolerance is None else tolerance
        y = real_array(y, "y", axes=1, length=len(self.b))
        inequalities, sizes, box = parts
        sizes = (np.abs(self.b) + np.abs(y), sizes)
        return Polytope((self.W, y - self.b), inequalities, box, tolerance, sizes)

    def around(self, x, count=POINTS):
        """Points of the region in random directions from one of its points, short of its end.

        Parameters
        ----------
        x : (n,) array
        count : int

        Returns
        -------
        (count, n) array
            The box is no end.
        """
        (rows, levels), *_ = self._parts
        rng = np.random.default_rng(len(x))
        directions = rng.normal(size=(count, len(x)))
        directions *= (1 + np.linalg.norm(x)) / np.linalg.norm(directions, axis=1, keepdims=True)
        room, speed = np.maximum(levels - rows @ x, 0), directions @ rows.T
        with np.errstate(divide="ignore", over="ignore"):
            hits = np.where(speed > 0, room / np.where(speed > 0, speed, 1), np.inf)
        far = np.minimum(hits.min(1, initial=np.inf), 10)
        return x + (0.9 * far * rng.uniform(0.1, 1, count))[:, None] * directions


def linear_region(network, x, box=None, tolerance=None, take=None):
    """The linear region of a ReLU network around x: all inputs with its activation pattern.

    Parameters
    ----------
    network : torch.nn.Module, or sequence of (W, b)
        A module that runs Linear, ReLU and BatchNorm1d one after the other, as a Sequential or
        in a forward of its own, used twice or nested or not; Flatten, Dropout and Identity change
        nothing in evaluation mode. Or the layers of a network with a ReLU between every two.
    x : array
        One input, of any shape. A unit at exactly 0 counts as inactive.
    box : (low, high), optional
        Two numbers or arrays that bound inputs; (0, 1) for images.
    tolerance : float, optional
        See `Polytope`; 1e-6 by default, and as for `relu_preimage` for `with_output`.
    take : str, int or callable, optional
        Of a network that gives no tensor: what to take as its output.

    Returns
    -------
    LinearRegion
        Of flat inputs. Its points may lie on the boundary, where a unit is at 0. Its `error` is
        the certificate that the network itself gives.

    Raises
    ------
    vslib.inference.NotAChainError
        If the network does anything else than run such layers; with the name of what was found.
    UncertifiedError
        If W x + b is not what the network computes, or the pattern is another one, at x or at
        points of the region around it.
    ValueError
        If shapes do not fit, entries are not finite, or there is no ReLU.

    References
    ----------
    Montufar, Pascanu, Cho and Bengio (2014), On the number of linear regions of deep neural
    networks.

    Examples
    --------
    >>> import torch
    >>> relu = torch.nn.ReLU()
    >>> layers = torch.nn.Linear(2, 3), relu, torch.nn.Linear(3, 3), relu, torch.nn.Linear(3, 1)
    >>> region = linear_region(torch.nn.Sequential(*layers), [0.5, 0.25], box=(0, 1))
    >>> region.W.shape, [len(units) for units in region.pattern], region.error < 1e-12
    ((1, 2), [3, 3], True)
    """
    x = real_array(x, "x")
    torch_too = hasattr(network, "children")
    reading = of_torch(network, x, take) if torch_too else of_arrays(network, x.size)
    with reading as (layers, run):
        region = _region(layers, x.ravel(), box, tolerance)
        points = np.vstack([x.ravel(), region.around(x.ravel())])
        region.error = _certified(region, points, *run(points))
    return region


def _region(layers, x, box, tolerance):
    W, b, size = np.eye(len(x)), np.zeros(len(x)), np.zeros(len(x))
    pattern, rows, levels, sizes = [], [np.empty((0, len(x)))], [], []
    for layer in layers:
        if layer is not None:
            weight, bias = layer
            W, b = weight @ W, weight @ b + bias
            size = np.abs(weight) @ size + np.abs(bias)
            continue
        on = W @ x + b > 0
        sign = np.where(on, -1.0, 1.0)
        rows.append(sign[:, None] * W)
        levels.append(-sign * b)
        sizes.append(size)
        pattern.append(on)
        W, b, size = on[:, None] * W, on * b, on * size
    if not pattern:
        raise ValueError("network: expected at least one ReLU, got none")
    parts = np.vstack(rows), np.concatenate(levels)
    return LinearRegion(W, b, tuple(pattern), parts, np.concatenate(sizes), box, tolerance)


def certified(linear, biases, outputs):
    """The certificate of affine maps at points, or an error where it does not hold.

    Parameters
    ----------
    linear : (N, m) array
        W x of the map at each point x.
    biases : (N, m) or (m,) array
    outputs : (N, m) array
        What the network computes there.

    Returns
    -------
    float
        The worst of ||W x + b - f(x)|| / (||W x|| + ||b||).

    Raises
    ------
    UncertifiedError

    Examples
    --------
    >>> certified(np.ones((1, 2)), np.zeros(2), np.ones((1, 2)))
    0.0
    """
    if outputs.shape != linear.shape:
        raise UncertifiedError(
            f"network: expected outputs of shape {linear.shape}, got {outputs.shape}"
        )
    size = np.linalg.norm(linear, axis=1) + np.linalg.norm(biases, axis=-1)
    apart = np.linalg.norm(linear + biases - outputs, axis=1)
    error = float((apart / np.where(size == 0, 1, size)).max())
    if not error <= CERTAIN:
        raise UncertifiedError(
            "network: expected the affine map of its layers to be what it computes, got a "
            f"relative difference of {error:.2g} at x or at points of its region"
        )
    return error


def _certified(region, points, outputs, hidden):
    error = certified(points @ region.W.T, region.b, outputs)
    for number, (on, values) in enumerate(zip(region.pattern, hidden, strict=True), 1):
        clear = np.abs(values) > CERTAIN * np.abs(values).max(1, keepdims=True)
        other = clear & ((values > 0) != on)
        if other.any():
            raise UncertifiedError(
                f"network: expected one activation pattern in the region, got {other.any(0).sum()} "
                f"units of ReLU {number} that change at points of it"
            )
    return error
