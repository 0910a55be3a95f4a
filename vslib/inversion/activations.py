"""Activations that have an inverse: forward, derivative, and the way back with its range."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from vslib.arrays import real_array

__all__ = [
    "INVERTIBLE",
    "Activation",
    "elu",
    "identity",
    "leaky_relu",
    "of",
    "selu",
    "sigmoid",
    "softplus",
    "tanh",
]


@dataclass(frozen=True)
class Activation:
    """An increasing function of one number, applied to every entry, with its inverse.

    Attributes
    ----------
    name : str
        As torch calls it.
    range : (float, float)
        The open interval of its values; an end may be infinite.
    forward, derivative : functions of an array
        To arrays of its shape.
    formula : function of an array
        The inverse, for values inside `range` alone.
    saturated : float
        What float32 gives for -inf, where rounding puts that inside `range`.
    """

    name: str
    range: tuple[float, float]
    forward: Callable
    derivative: Callable
    formula: Callable
    saturated: float = np.nan

    def outside(self, values):
        """Which values no finite input gives: beyond the range or at its very end.

        Parameters
        ----------
        values : (...) array

        Returns
        -------
        (...) boolean array
            True also for the value at which float32 saturates: any very negative input gave it.

        Raises
        ------
        ValueError
            If a value is not finite and real.
        """
        values = real_array(values, "values")
        low, high = self.range
        found = np.isfinite(self.unchecked(values))
        return ~(found & (values > low) & (values < high) & (values != self.saturated))

    def inverse(self, values):
        """The input that gives each value, accurate near both ends of the range.

        Parameters
        ----------
        values : (...) array

        Returns
        -------
        (...) array

        Raises
        ------
        ValueError
            If a value is not finite and real, or `outside`; the message says how many.
        """
        values = real_array(values, "values")
        outside = self.outside(values)
        if outside.any():
            raise ValueError(
                f"{self.name}: expected values in {_interval(self.range)}, got "
                f"{np.count_nonzero(outside)} of {values.size} outside it or at its end, "
                f"the worst {self.worst(values):.10g}"
            )
        return self.unchecked(values)

    def unchecked(self, values):
        """`inverse` where it has one; elsewhere any number, infinity or NaN."""
        with np.errstate(all="ignore"):
            return self.formula(values)

    def worst(self, values):
        """Of the values that are `outside`, the one farthest beyond the range."""
        low, high = self.range
        values = values[self.outside(values)]
        return float(values[np.maximum(low - values, values - high).argmax()])


def _interval(ends):
    low, high = ends
    return f"({low:.10g}, {high:.10g})"


def _positive(name, parameter, value):
    if not 0 < value < np.inf:
        raise ValueError(f"{name}: expected {parameter} > 0, where it has an inverse, got {value}")


def elu(alpha=1.0, scale=1.0, name="ELU"):
    """scale * x for x > 0 and scale * alpha * (exp(x) - 1) below (Clevert et al. 2016).

    Parameters
    ----------
    alpha, scale : float
        Above 0.
    """
    _positive(name, "alpha", alpha)
    low = -alpha * scale

    def formula(values):
        # Close to the end the difference from it is exact and y / low is not; close to zero
        # it is the other way round.
        below = np.where(values < low / 2, np.log((values - low) / -low), np.log1p(values / -low))
        return np.where(values > 0, values / scale, below)

    return Activation(
        name,
        (low, np.inf),
        lambda x: np.where(x > 0, scale * x, -low * np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, scale, -low * np.exp(np.minimum(x, 0))),
        formula,
        saturated=-float(np.float32(alpha) * np.float32(scale)),
    )


def selu():
    """ELU with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017)."""
    return elu(1.6732632423543772848, 1.0507009873554804934, "SELU")


def leaky_relu(slope=0.01):
    """x for x > 0 and slope * x below.

    Parameters
    ----------
    slope : float
        Above 0.
    """
    _positive("LeakyReLU", "negative_slope", slope)
    return Activation(
        "LeakyReLU",
        (-np.inf, np.inf),
        lambda x: np.where(x > 0, x, slope * x),
        lambda x: np.where(x > 0, 1.0, slope),
        lambda values: np.where(values > 0, values, values / slope),
    )


def identity():
    """x itself."""
    return Activation("Identity", (-np.inf, np.inf), np.array, np.ones_like, np.array)


def tanh():
    """The hyperbolic tangent."""
    # 1 - tanh^2 would lose its digits where tanh saturates.
    return Activation(
        "Tanh", (-1.0, 1.0), np.tanh, lambda x: 4 * expit(2 * x) * expit(-2 * x), np.arctanh
    )


def sigmoid():
    """1 / (1 + exp(-x))."""
    return Activation("Sigmoid", (0.0, 1.0), expit, lambda x: expit(x) * expit(-x), logit)


def softplus(beta=1.0, threshold=20.0):
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold.

    At the threshold it falls by a little; a value that both of its pieces give is taken to come
    from the straight one.

    Parameters
    ----------
    beta : float
        Above 0.
    threshold : float
    """
    _positive("Softplus", "beta", beta)
    return Activation(
        "Softplus",
        (min(0.0, threshold / beta), np.inf),
        lambda x: np.where(beta * x > threshold, x, np.logaddexp(0, beta * x) / beta),
        lambda x: np.where(beta * x > threshold, 1.0, expit(beta * x)),
        lambda values: np.where(
            beta * values > threshold, values, values + np.log(-np.expm1(-beta * values)) / beta
        ),
    )


INVERTIBLE = {
    "SELU": lambda module: selu(),
    "ELU": lambda module: elu(module.alpha),
    "LeakyReLU": lambda module: leaky_relu(module.negative_slope),
    "Tanh": lambda module: tanh(),
    "Sigmoid": lambda module: sigmoid(),
    "Softplus": lambda module: softplus(module.beta, module.threshold),
    "Identity": lambda module: identity(),
}


def of(module):
    """The activation that a torch module is, with the module's own parameters.

    Parameters
    ----------
    module : torch.nn.Module
        One whose class is named in `INVERTIBLE`.

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If it is another module, or its parameters leave it without an inverse.
    """
    name = type(module).__name__
    if name not in INVERTIBLE:
        raise ValueError(f"activation: expected one of {', '.join(INVERTIBLE)}, got {name}")
    return INVERTIBLE[name](module)
