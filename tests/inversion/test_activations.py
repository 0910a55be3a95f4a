"""Activations and their inverses against torch and against decimals of fifty digits."""

import re
from decimal import Decimal, getcontext

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from strategies import EPS
from torch import nn

from vslib.inversion import activations

getcontext().prec = 50

MODULES = {
    "SELU": nn.SELU(),
    "ELU": nn.ELU(),
    "ELU, alpha 0.3": nn.ELU(0.3),
    "ELU, alpha 7": nn.ELU(7.0),
    "LeakyReLU": nn.LeakyReLU(),
    "LeakyReLU, slope 3": nn.LeakyReLU(3.0),
    "Tanh": nn.Tanh(),
    "Sigmoid": nn.Sigmoid(),
    "Softplus": nn.Softplus(),
    "Softplus, beta 3, threshold 5": nn.Softplus(3.0, 5.0),
    "Softplus, beta 0.1, threshold 0": nn.Softplus(0.1, 0.0),
    "Softplus, threshold -2": nn.Softplus(1.0, -2.0),
    "Identity": nn.Identity(),
}
each_activation = pytest.mark.parametrize("name", MODULES)
SELU_SCALE = float(nn.SELU()(torch.ones(1, dtype=torch.float64)))
# Distances from an end of the range, or from zero.
DISTANCES = 10.0 ** np.array([-300, -100, -30, -16, -15, -14, -13, -12, -9, -6, -3, -1, -0.4])


def beside(end, to):
    """The next number in that direction; beside zero, the smallest of full precision."""
    return np.nextafter(end, to) if end else np.copysign(np.finfo(np.float64).tiny, to)


def inside(name):
    """Values all over the open range: close to its ends, to zero, and far from both."""
    activation = activations.of(MODULES[name])
    low, high = activation.range
    near = np.concatenate([DISTANCES, -DISTANCES])
    values = [near, 10.0 ** np.arange(0, 16, 3), -(10.0 ** np.arange(0, 16, 3))]
    values += [end + near for end in (low, high, 0.5) if np.isfinite(end)]
    values += [beside(end, 0.25) for end in (low, high) if np.isfinite(end)]
    values = np.hstack(values)
    return np.unique(values[(values > low) & (values < high)])


def exact_inverse(name, value):
    """The inverse in fifty digits, for the parameters that torch's module has."""
    y, module = Decimal(float(value)), MODULES[name]
    if isinstance(module, nn.SELU | nn.ELU):
        scale = Decimal(SELU_SCALE) if isinstance(module, nn.SELU) else Decimal(1)
        end = -Decimal(activations.of(module).range[0])
        return y / scale if y > 0 else ((end + y) / end).ln()
    if isinstance(module, nn.LeakyReLU):
        return y if y > 0 else y / Decimal(module.negative_slope)
    if isinstance(module, nn.Tanh):
        return ((1 + y) / (1 - y)).ln() / 2
    if isinstance(module, nn.Sigmoid):
        return (y / (1 - y)).ln()
    if isinstance(module, nn.Softplus):
        beta = Decimal(module.beta)
        if beta * y > Decimal(module.threshold):
            return y
        return ((beta * y).exp() - 1).ln() / beta
    return y


@each_activation
def test_the_inverse_is_right_to_the_last_digits_all_over_the_range(name):
    values = inside(name)
    assert len(values) > 20
    getcontext().prec = 350  # exp(1e-300) - 1 has few digits left of fifty
    expected = np.array([float(exact_inverse(name, value)) for value in values])
    getcontext().prec = 50
    found = activations.of(MODULES[name]).inverse(values)
    # Softplus has its zero in the middle of its range, and there only digits after the point.
    beta = getattr(MODULES[name], "beta", np.inf)
    assert_allclose(found, expected, rtol=8 * EPS, atol=4 * EPS / beta)


@each_activation
def test_torch_gives_the_values_back_to_rounding(name):
    values, activation = inside(name), activations.of(MODULES[name])
    x = activation.inverse(values)
    again = MODULES[name](torch.tensor(x)).numpy()
    # The last digit of x, through the slope there, and the last digits of the value.
    slack = 4 * EPS * (np.abs(x * activation.derivative(x)) + np.abs(values))
    assert (np.abs(again - values) <= slack).all()


@each_activation
@given(x=st.floats(-1e6, 1e6))
def test_what_it_gives_is_inverted_or_said_to_be_outside_and_never_nan(name, x):
    module, activation = MODULES[name], activations.of(MODULES[name])
    y = module(torch.tensor([x], dtype=torch.float64)).numpy()
    if activation.outside(y).all():
        assert y[0] in activation.range
        with pytest.raises(ValueError, match=r"got 1 of 1 outside it or at its end, the worst"):
            activation.inverse(y)
        return
    found = activation.inverse(y)
    assert np.isfinite(found).all()
    again = module(torch.tensor(found)).numpy()
    slack = EPS * (np.abs(found * activation.derivative(found)) + np.abs(y))
    assert_allclose(again, y, rtol=0, atol=4 * slack[0])


@each_activation
def test_forward_and_derivative_are_those_of_torch(name):
    x = np.concatenate([np.linspace(-40, 40, 997), [-800.0, 800.0, 1e-9, -1e-9]])
    tensor = torch.tensor(x, requires_grad=True)
    values = MODULES[name](tensor)
    values.sum().backward()
    activation = activations.of(MODULES[name])
    assert_allclose(activation.forward(x), values.detach(), rtol=1e-14, atol=1e-300)
    # torch takes 1 - tanh^2 and s (1 - s), which have no digits left where these saturate.
    atol = 4 * EPS if name in ("Tanh", "Sigmoid") else 1e-300
    assert_allclose(activation.derivative(x), tensor.grad, rtol=1e-13, atol=atol)


@each_activation
def test_its_range_is_what_torch_gives_at_infinity(name):
    low, high = activations.of(MODULES[name]).range
    ends = MODULES[name](torch.tensor([-np.inf, np.inf], dtype=torch.float64)).numpy()
    if name == "Softplus, threshold -2":  # the curve below its jump repeats what the line gives
        ends[0] = MODULES[name](torch.tensor([-2 + 1e-15], dtype=torch.float64))[0]
    assert_allclose([low, high], ends, atol=1e-14)


BOUNDED = [name for name in MODULES if np.isfinite(activations.of(MODULES[name]).range).any()]


@pytest.mark.parametrize("name", [n for n in BOUNDED if n != "Softplus, threshold -2"])
@pytest.mark.parametrize("kind", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_where_torch_saturates_is_outside_in_every_precision(name, kind):
    activation = activations.of(MODULES[name])
    far = torch.tensor([-1e4, 1e4], dtype=kind)[np.isfinite(activation.range).tolist()]
    values = MODULES[name](far).double().numpy()
    assert activation.outside(values).all()


@pytest.mark.parametrize("name", BOUNDED)
def test_the_ends_and_what_is_beyond_are_outside_and_their_neighbours_are_not(name):
    activation = activations.of(MODULES[name])
    for end, away in zip(activation.range, (-1, 1), strict=True):
        if np.isfinite(end):
            assert activation.outside([end, np.nextafter(end, 9 * away), end + away]).all()
            assert not activation.outside([beside(end, -9 * away)]).any()


def test_selu_saturates_in_float32_inside_the_range_of_float64():
    # Why the end of the range alone would not do.
    selu = activations.selu()
    (value,) = nn.SELU()(torch.tensor([-50.0])).double().numpy()
    assert selu.range[0] < value < selu.range[0] + 1e-7
    assert_array_equal(selu.outside([value, np.nextafter(value, 0)]), [True, False])


def test_an_inverse_beyond_the_largest_number_is_outside():
    assert_array_equal(activations.leaky_relu(1e-300).outside([-1e10, -1e-10, 1e300]), [1, 0, 0])


def test_the_error_counts_and_shows_the_worst():
    words = (
        "SELU: expected values in (-1.758099341, inf), got 3 of 6 outside it or at its end, "
        "the worst -40"
    )
    with pytest.raises(ValueError, match=re.escape(words)):
        activations.selu().inverse([[-2, 0, -40], [1, -1.7580993408473766, -1]])
    with pytest.raises(ValueError, match=r"the worst 9$"):
        activations.tanh().inverse([-3, 9, 0.5])


@pytest.mark.parametrize(
    "module, words",
    [
        (nn.ReLU(), "expected one of SELU, ELU, LeakyReLU, Tanh, Sigmoid, Softplus, Identity, got"),
        (nn.ELU(0.0), "ELU: expected alpha > 0, where it has an inverse, got 0.0"),
        (nn.ELU(-1.0), "ELU: expected alpha > 0"),
        (nn.LeakyReLU(0.0), "LeakyReLU: expected negative_slope > 0"),
        (nn.LeakyReLU(float("nan")), "LeakyReLU: expected negative_slope > 0"),
        (nn.Softplus(-1.0), "Softplus: expected beta > 0"),
    ],
)
def test_what_has_no_inverse_is_said(module, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        activations.of(module)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1j, None])
def test_what_is_no_number_raises(value):
    for call in (activations.tanh().inverse, activations.tanh().outside):
        with pytest.raises(ValueError, match="values: expected"):
            call([value])
