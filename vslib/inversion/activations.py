"""Activations that have an inverse: forward, derivative, and the way back with its range."""

import numpy as np
from scipy.special import expit, logit

from vslib.inversion.activation import Activation

__all__ = [
    "INVERTIBLE",
    "elu",
    "identity",
    "leaky_relu",
    "of",
    "selu",
    "sigmoid",
    "softplus",
    "tanh",
]


def _positive(name, parameter, value):
    if not 0 < value < np.inf:
        raise ValueError(f"{name}: expected {parameter} > 0, where it has an inverse, got {value}")


def _rounded(value):
    """A number of float32 as that, as float16 and as bfloat16 have it."""
    with np.errstate(over="ignore"):
        half = np.float16(value)
    bits = value.view(np.uint32)
    bits = (bits + np.uint32(0x7FFF) + (bits >> 16 & 1)) & np.uint32(0xFFFF0000)  # ties to even
    return float(value), float(half), float(bits.view(np.float32))


def elu(alpha=1.0, scale=1.0, name="ELU"):
    """scale * x for x > 0 and scale * alpha * (exp(x) - 1) below (Clevert et al. 2016).

    Parameters
    ----------
    alpha, scale : float
        Above 0.

    Examples
    --------
    >>> elu().forward(np.array([-np.log(2), 3.0]))
    array([-0.5,  3. ])
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
        saturated=_rounded(-np.float32(alpha) * np.float32(scale)),
    )


def selu():
    """ELU with the two constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    Examples
    --------
    >>> selu().forward(np.array([0.0, 1.0])).round(4)
    array([0.    , 1.0507])
    """
    return elu(1.6732632423543772848, 1.0507009873554804934, "SELU")


def leaky_relu(slope=0.01):
    """x for x > 0 and slope * x below.

    Parameters
    ----------
    slope : float
        Above 0.

    Examples
    --------
    >>> leaky_relu(0.5).forward(np.array([-2.0, 3.0]))
    array([-1.,  3.])
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
    """x itself.

    Examples
    --------
    >>> identity().inverse(np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return Activation("Identity", (-np.inf, np.inf), np.array, np.ones_like, np.array)


def tanh():
    """The hyperbolic tangent.

    Examples
    --------
    >>> tanh().range
    (-1.0, 1.0)
    """
    # 1 - tanh^2 would lose its digits where tanh saturates.
    return Activation(
        "Tanh", (-1.0, 1.0), np.tanh, lambda x: 4 * expit(2 * x) * expit(-2 * x), np.arctanh
    )


def sigmoid():
    """1 / (1 + exp(-x)).

    Examples
    --------
    >>> sigmoid().inverse(np.array([0.5]))
    array([0.])
    """
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

    Examples
    --------
    >>> softplus().forward(np.array([0.0])).round(4)
    array([0.6931])
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

    Examples
    --------
    >>> from torch import nn
    >>> of(nn.LeakyReLU(0.5)).inverse(np.array([-1.0, 3.0]))
    array([-2.,  3.])
    """
    name = type(module).__name__
    if name not in INVERTIBLE:
        raise ValueError(f"activation: expected one of {', '.join(INVERTIBLE)}, got {name}")
    return INVERTIBLE[name](module)
