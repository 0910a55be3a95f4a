"""All inputs that a ReLU layer, or a ReLU network within one linear region, gives one output."""

import numpy as np

from vslib.arrays import real_array
from vslib.preimage.polytopes import InfeasibleError, Polytope

__all__ = ["InfeasibleError", "LinearRegion", "linear_region", "relu_preimage"]


def relu_preimage(W, b, y, box=None, tolerance=1e-6):
    """The set of all x with ReLU(W x + b) = y.

    Rows with y > 0 are equalities, W_i x + b_i = y_i; rows with y = 0 are inequalities,
    W_i x + b_i <= 0.

    Parameters
    ----------
    W : (m, n) array
    b, y : (m,) arrays
        y is 0 or more.
    box : (low, high), optional
        Two numbers or (n,) arrays that bound x; (0, 1) for images.
    tolerance : float
        By how much, relative to ``|W_i| |x| + |b_i| + |y_i|``, a row may be broken (`Polytope`);
        the default allows for a y that was computed or stored in float32.

    Returns
    -------
    Polytope
        Empty where no x gives y: ``feasible()`` says so, and other methods raise
        `InfeasibleError`, which says why.

    Raises
    ------
    ValueError
        If y has a negative entry, or shapes do not fit.

    References
    ----------
    Carlsson, Azizpour and Razavian (2017), The preimage of rectifier network activities.

    Examples
    --------
    >>> inputs = relu_preimage([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0], [2.0, 0.0])
    >>> inputs.nearest([0.0, 5.0]).round(9) + 0.0
    array([2., 0.])
    """
    W = real_array(W, "W", axes=2)
    b = real_array(b, "b", axes=1, length=len(W))
    y = real_array(y, "y", axes=1, length=len(W))
    negative = np.flatnonzero(y < 0)
    if negative.size:
        raise ValueError(
            f"y: expected the output of a ReLU, 0 or more, got {negative.size} negative of "
            f"{len(y)}, at {_few(negative)}; the lowest is {y.min():.4g}"
        )
    on, size = y > 0, np.abs(b) + y
    return Polytope((W[on], (y - b)[on]), (W[~on], -b[~on]), box, tolerance, (size[on], size[~on]))


class LinearRegion(Polytope):
    """The inputs on which a ReLU network has one activation pattern, and is affine: W x + b.

    Attributes
    ----------
    W : (m, n) array
    b : (m,) array
        Of the network within the region.
    pattern : tuple of bool arrays
        For each hidden layer, which units are active.

    Examples
    --------
    >>> layers = [([[1.0], [-1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0])]
    >>> region = linear_region(layers, [3.0])
    >>> region.W, region.pattern
    (array([[1.]]), (array([ True, False]),))
    """

    def __init__(self, W, b, pattern, rows, levels, sizes, box, tolerance):
        super().__init__(((), ()), (rows, levels), box, tolerance, (None, sizes))
        self.W, self.b, self.pattern = W, b, pattern
        self._parts = (rows, levels), sizes, box

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
        y = real_array(y, "y", axes=1, length=len(self.b))
        inequalities, sizes, box = self._parts
        sizes = (np.abs(self.b) + np.abs(y), sizes)
        return Polytope((self.W, y - self.b), inequalities, box, self.tolerance, sizes)


def linear_region(network, x, box=None, tolerance=1e-6):
    """The linear region of a ReLU network around x: all inputs with its activation pattern.

    Parameters
    ----------
    network : torch.nn.Sequential, or sequence of (W, b)
        Of Flatten, Linear and ReLU; or the layers of a network with a ReLU between every two.
    x : array
        One input, of any shape; flattened. A unit at exactly 0 counts as inactive.
    box : (low, high), optional
        Two numbers or arrays that bound inputs; (0, 1) for images.
    tolerance : float
        See `Polytope`.

    Returns
    -------
    LinearRegion
        Of flat inputs. Its points may lie on the boundary, where a unit is at 0.

    Raises
    ------
    ValueError
        If the network has another kind of layer, or shapes do not fit.

    References
    ----------
    Montufar, Pascanu, Cho and Bengio (2014), On the number of linear regions of deep neural
    networks.

    Examples
    --------
    >>> layers = [([[1.0], [-1.0]], [0.0, 0.0]), ([[1.0, 1.0]], [0.0])]
    >>> region = linear_region(layers, [-3.0], box=(-5, 5))
    >>> region.W, region.with_output([4.0]).nearest([0.0]).round(9)
    (array([[-1.]]), array([-4.]))
    """
    x = real_array(x, "x").ravel()
    W, b, size = np.eye(len(x)), np.zeros(len(x)), np.zeros(len(x))
    pattern, rows, levels, sizes = [], [np.empty((0, len(x)))], [], []
    for layer in _layers(network):
        if layer is not None:
            weight, bias = layer
            weight = real_array(weight, f"weight of layer {len(pattern) + 1}", axes=2)
            weight = real_array(weight, "weight", length=len(W))
            bias = real_array(bias, "bias", axes=1, length=len(weight))
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
    parts = np.vstack(rows), np.concatenate(levels), np.concatenate(sizes)
    return LinearRegion(W, b, tuple(pattern), *parts, box, tolerance)


def _layers(network):
    """Pairs of weight and bias, and None for each ReLU."""
    if not hasattr(network, "children"):
        for number, layer in enumerate(network):
            yield from [None, layer] if number else [layer]
        return
    for place, module in enumerate(network.children()):
        kind = type(module).__name__
        if kind == "Linear":
            bias = module.bias
            yield module.weight, np.zeros(len(module.weight)) if bias is None else bias
        elif kind == "ReLU":
            yield None
        elif kind != "Flatten":
            raise ValueError(
                f"network: expected layers Flatten, Linear and ReLU, got {kind} at place {place}"
            )


def _few(places):
    return ", ".join(map(str, places[:5])) + (", ..." if len(places) > 5 else "")
