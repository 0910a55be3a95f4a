"""Inversion of networks, every answer judged by the network itself."""

import copy
import itertools
import re
from collections import OrderedDict
from dataclasses import replace

import numpy as np
import pytest
import strategies  # noqa: F401  (its profile of hypothesis)
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from vslib import Subspaces, mnist, networks
from vslib.inversion import (
    Inversion,
    InversionError,
    NotConvergedError,
    OutOfRangeError,
    UnreachableError,
    activations,
    invert,
    newton,
    remember,
)

SELU_END = activations.selu().range[0]


def outputs(network, x):
    """What torch gives in float64 and evaluation mode, whatever the network is in."""
    with torch.no_grad():
        x = torch.tensor(np.asarray(x, np.float64))
        return copy.deepcopy(network).double().eval()(x).numpy()


def errors(network, x, y):
    size = np.linalg.norm(y, axis=-1)
    return np.linalg.norm(outputs(network, x) - y, axis=-1) / np.where(size == 0, 1, size)


def linear(W, b=None):
    layer = nn.Linear(*np.shape(W)[::-1], bias=b is not None).double()
    with torch.no_grad():
        layer.weight[:] = torch.tensor(np.asarray(W, np.float64))
        if b is not None:
            layer.bias[:] = torch.tensor(np.asarray(b, np.float64))
    return layer


def random_network(widths, activation, seed=0, gain=1.0, end=None):
    rng = np.random.default_rng(seed)
    layers = []
    for n, m in itertools.pairwise(widths):
        W = gain * rng.normal(size=(m, n)) / np.sqrt(n)
        layers += [linear(W, 0.1 * rng.normal(size=m)), activation()]
    return nn.Sequential(*layers[:-1], *([end] if end else []))


@pytest.fixture(scope="module")
def fc1():
    return networks.load("fc1")


@pytest.fixture(scope="module")
def fc5():
    return networks.load("fc5")


@pytest.fixture(scope="module")
def images():
    return mnist.load("test")[0][:500]


@pytest.fixture(scope="module")
def x(images):
    return images.reshape(-1, 784).astype(np.float64)


@pytest.fixture(scope="module")
def y(fc5, images):
    """The outputs as a user has them, in float32."""
    return fc5(torch.tensor(images))


@pytest.fixture(scope="module")
def starts():
    images, labels = mnist.load("train")
    averages = mnist.class_averages(images, labels)
    return {
        "zero": None,
        "the mean image": images.mean(0),
        "class averages": averages[mnist.load("test")[1][:500]],
    }


@pytest.fixture(scope="module")
def memory(fc5, images):
    return remember(fc5, images)


class TestOneLayer:
    def test_is_exact_and_gives_the_signal_part_of_the_image(self, fc1, x):
        W = networks.weights("fc1")["layer1.weight"]
        found = invert(fc1, outputs(fc1, x))
        signal, rejected = Subspaces(W).split(x)
        assert found.error.max() < 1e-12 and found.solved.all() and found.stops == ()
        # An output close to the end of SELU's range knows its x to fewer digits.
        off = np.linalg.norm(found.x - signal, axis=1) / np.linalg.norm(signal, axis=1)
        assert np.median(off) < 1e-12 and off.max() < 1e-10
        # What cannot come back is the larger part: the picture of section 1.
        assert np.mean(np.linalg.norm(rejected, axis=1) / np.linalg.norm(x, axis=1)) > 0.8

    def test_is_equation_5_with_the_bias_taken_off_before_the_pseudoinverse(self, fc1, x):
        parameters = networks.weights("fc1")
        W, b = (parameters[f"layer1.{key}"].astype(float) for key in ("weight", "bias"))
        y = outputs(fc1, x)
        scale = 1.0507009873554804934
        inverse = np.where(y > 0, y / scale, np.log1p(np.minimum(y, 0) / -SELU_END))
        assert_allclose(invert(fc1, y).x, (inverse - b) @ np.linalg.pinv(W).T, atol=1e-11)

    @pytest.mark.parametrize("kind", activations.INVERTIBLE)
    def test_is_exact_with_any_activation(self, kind):
        network = random_network((30, 20, 20), nn.Identity, end=getattr(nn, kind)())[2:]
        x = np.random.default_rng(1).normal(size=(50, 20))
        found = invert(network, outputs(network, x))
        assert found.error.max() < 1e-12
        assert_allclose(found.x, x, atol=1e-9)

    def test_the_activations_own_parameters_are_honoured(self):
        x = np.random.default_rng(1).normal(size=(50, 20))
        for end in (nn.ELU(0.4), nn.LeakyReLU(0.3), nn.Softplus(3.0, 40.0)):
            network = random_network((20, 20), nn.Identity, end=end)
            found = invert(network, outputs(network, x))
            assert_allclose(found.x, x, atol=1e-9)


class TestEquation5OnFiveLayers:
    def test_fails_at_the_last_selu_for_all_but_a_handful(self, fc5, y):
        with pytest.raises(OutOfRangeError) as caught:
            invert(fc5, y)
        error = caught.value
        assert error.layer == "selu4" and 0.98 * len(y) < error.count <= len(y)
        assert error.range == (SELU_END, np.inf) and error.worst == error.values.min() < -3
        assert error.values.shape == (error.count, 32)
        assert error.entries == np.count_nonzero(error.values <= SELU_END)
        assert 0.1 < error.entries / error.values.size < 0.2
        assert str(error) == (
            "selu4: expected values in (-1.758099341, inf), the open range of SELU, got "
            f"{error.entries} of {error.values.size} outside it or at its end, in {error.count} "
            f"of the outputs; the worst is {error.worst:.10g}"
        )
        assert error.inversion.stops[0] is error

    def test_says_on_request_how_far_each_image_got(self, fc5, y):
        found = invert(fc5, y, partial=True)
        which = np.concatenate([stop.which for stop in found.stops])
        assert_array_equal(np.sort(which), np.flatnonzero(~found.solved))
        assert (found.error[found.solved] <= 1e-10).all()
        assert [stop.layer for stop in found.stops] == sorted(
            (stop.layer for stop in found.stops), reverse=True
        )
        for stop in found.stops:
            assert isinstance(stop, OutOfRangeError)
            assert (stop.values <= SELU_END).any(1).all()
        assert not found.x[~found.solved].any()
        assert_allclose(found.error, errors(fc5, found.x, y.double().numpy()), atol=1e-12)

    def test_the_values_it_asks_for_are_those_of_the_formula(self, fc5, y):
        parameters = networks.weights("fc5")
        W, b = (parameters[f"layer5.{key}"].astype(float) for key in ("weight", "bias"))
        stop = invert(fc5, y, partial=True).stops[0]
        asked = (y.double().numpy() - b) @ np.linalg.pinv(W).T
        assert_allclose(stop.values, asked[stop.which], atol=1e-12)
        assert_array_equal(stop.which, np.flatnonzero((asked <= SELU_END).any(1)))

    def test_a_slice_of_the_network_is_a_network(self, fc5, x):
        # From its true activations layer 1 comes back, and layer 2, which is square; no more.
        parameters = networks.weights("fc5")
        signal = Subspaces(parameters["layer1.weight"]).split(x)[0]
        for end in (2, 3, 4, 5):
            found = invert(fc5[:end], outputs(fc5[:end], x))
            assert_allclose(found.x, signal, atol=1e-11)
        for end in (7, 9):
            found = invert(fc5[:end], outputs(fc5[:end], x), partial=True)
            assert found.solved.mean() < 0.02
            assert sum(stop.count for stop in found.stops) == (~found.solved).sum()


class TestNewton:
    @pytest.mark.parametrize("kind", ["zero", "the mean image", "class averages"])
    def test_converges_in_under_ten_steps_on_fc5(self, fc5, y, starts, kind):
        start = starts[kind]
        found = invert(fc5, y, "newton", start, partial=True)
        fast = (found.iterations < 10) & (found.error <= 1e-10)
        assert fast.mean() >= 0.99
        assert np.median(found.error) < 1e-14
        assert_allclose(errors(fc5, found.x, y.double().numpy()), found.error, atol=1e-13)
        origin = np.zeros(784) if start is None else start.astype(float).reshape(-1, 784)
        assert_allclose(found.distance, np.linalg.norm(found.x - origin, axis=1), atol=1e-12)
        # Each step lies in the signal space of the first layer: the rest of the start stays.
        S = Subspaces(networks.weights("fc5")["layer1.weight"])
        assert np.abs(S.split(found.x - origin)[1]).max() < 1e-12

    def test_nine_steps_are_enough(self, fc5, y):
        nine = invert(fc5, y, "newton", steps=9, partial=True)
        assert (nine.error <= 1e-10).mean() >= 0.99

    def test_other_starts_give_other_images_with_one_output(self, fc5, y, images):
        found = invert(fc5, y[:1].expand(20, -1), "newton", images[:20])
        assert found.error.max() <= 1e-10
        apart = np.linalg.norm(found.x[:, None] - found.x, axis=-1)
        assert (apart[~np.eye(20, dtype=bool)] > 1).all()

    def test_a_start_that_gives_the_output_is_left_where_it_is(self, fc5, x):
        found = invert(fc5, outputs(fc5, x), "newton", x)
        assert found.iterations.max() == 0 and found.distance.max() < 1e-9

    def test_an_activation_at_the_end_is_inverted_first(self, fc1, x):
        y = outputs(fc1, x)
        found = invert(fc1, y, "newton")
        assert found.iterations.max() == 1
        assert_allclose(found.x, invert(fc1, y).x, atol=1e-12)
        y[3, 2] = -1.8
        with pytest.raises(OutOfRangeError, match=r"selu1: .* got 1 of 10 outside") as caught:
            invert(fc1, y, "newton")
        assert caught.value.which == [3] and caught.value.worst == -1.8

    def test_says_where_it_did_not_converge(self):
        # A bottleneck of one unit: the outputs are a curve, and most of the plane is off it.
        network = random_network((5, 1, 2), nn.Tanh)
        x = np.random.default_rng(0).normal(size=(2, 5))
        y = np.vstack([outputs(network, x), [[3.0, -40.0]]])
        with pytest.raises(NotConvergedError, match=r"got up to .* in 1 of the outputs") as caught:
            invert(network, y, "newton", np.vstack([x + 0.01, x[:1]]))
        error = caught.value
        assert error.layer == "" and error.count == 1 and error.which == [2]
        assert error.worst == error.inversion.error[2] > 0.1
        assert_array_equal(error.inversion.solved, [True, True, False])
        assert np.isfinite(error.inversion.x).all()

    def test_stops_after_the_steps_it_is_given(self, fc5, y):
        one = invert(fc5, y[:9], "newton", steps=1, partial=True)
        assert (one.iterations == 1).all() and not one.solved.any()
        with pytest.raises(NotConvergedError, match="after up to 2 steps"):
            invert(fc5, y[:9], "newton", steps=2)

    def test_the_first_step_is_that_of_the_formula(self, fc5, y, x):
        module = copy.deepcopy(fc5).double()
        start = x[7]
        J = torch.func.jacrev(module)(torch.tensor(start)[None])[0, :, 0].numpy()
        step = np.linalg.pinv(J) @ (y[0].double().numpy() - outputs(fc5, start[None])[0])
        moved = invert(fc5, y[0], "newton", start, steps=1, partial=True).x - start
        halvings = np.log2(np.linalg.norm(step) / np.linalg.norm(moved))
        assert_allclose(halvings, np.round(halvings), atol=1e-9)
        assert_allclose(moved, step / 2 ** np.round(halvings), atol=1e-11)


class TestSolver:
    def test_is_damped_where_full_steps_diverge(self):
        # Newton's own steps for arctan leave from |x| > 1.39.
        def function(x):
            return np.arctan(x), lambda: 1 / (1 + x[:, None] ** 2)

        start = np.array([[1.0], [3.0], [30.0]])
        x, iterations = newton.solve(function, start, np.full((3, 1), 0.1))
        assert_allclose(x, np.tan(0.1), rtol=1e-12)
        assert (iterations > 2).all() and (iterations < 20).all()

    def test_a_jacobian_that_is_singular_but_for_rounding_sends_no_step_to_infinity(self):
        W = np.outer([1.0, 2.0], [1.0, 1.0, 1.0])
        W[1] *= 1 + np.array([0, 1, 0]) * 2e-16

        def function(x):
            return x @ W.T, lambda: np.broadcast_to(W, (len(x), 2, 3))

        x, iterations = newton.solve(function, np.zeros((1, 3)), np.array([[3.0, 6.0]]))
        assert_allclose(x, [[1, 1, 1]], rtol=1e-12)
        assert_array_equal(iterations, [1])

    def test_does_not_depend_on_how_many_are_held_at_a_time(self, fc5, y, monkeypatch):
        whole = invert(fc5, y[:10], "newton")
        monkeypatch.setattr(newton, "BLOCK", 3 * 7840)
        parts = invert(fc5, y[:10], "newton")
        assert_allclose(parts.x, whole.x, atol=1e-10)
        assert_array_equal(parts.iterations, whole.iterations)


class TestRemembered:
    def test_gives_every_image_back(self, fc5, memory, x):
        found = invert(fc5, memory.output, "remembered", memory=memory)
        assert np.abs(found.x - x).max() < 1e-10
        assert (np.linalg.norm(found.x - x, axis=1) / np.linalg.norm(x, axis=1)).max() < 1e-10
        assert found.error.max() < 1e-10 and found.iterations.max() == 0

    def test_keeps_what_each_layer_rejects(self, fc5, memory, x):
        assert_allclose(memory.output, outputs(fc5, x), atol=1e-12)
        assert list(memory.rejected) == [f"layer{i}" for i in range(1, 6)]
        for number, (name, rejected) in enumerate(memory.rejected.items()):
            inputs = outputs(fc5[: 2 * number + 1], x)
            W = networks.weights("fc5")[f"{name}.weight"]
            assert_allclose(rejected, Subspaces(W).split(inputs)[1], atol=1e-12)
            assert np.abs(memory.rounding[name]).max() < 1e-9

    def test_without_what_was_rejected_it_is_equation_5_and_fails(self, fc5, memory):
        nothing = replace(
            memory,
            rejected={name: 0 * part for name, part in memory.rejected.items()},
            rounding={name: 0 * part for name, part in memory.rejected.items()},
        )
        with pytest.raises(OutOfRangeError, match="selu4"):
            invert(fc5, memory.output, "remembered", memory=nothing)

    def test_without_what_rounding_loses_some_images_are_off_by_more(self, fc5, memory, x):
        plain = replace(memory, rounding={name: 0 * part for name, part in memory.rounding.items()})
        found = invert(fc5, memory.output, "remembered", memory=plain)
        off = np.linalg.norm(found.x - x, axis=1) / np.linalg.norm(x, axis=1)
        assert np.median(off) < 1e-10 < off.max() < 1e-5
        assert found.error.max() < 1e-10

    def test_of_a_few_at_a_time_as_of_all_together(self, fc5, memory, x):
        for part in (slice(3, 4), slice(7, 20, 6)):
            few = replace(
                memory,
                output=memory.output[part],
                rejected={name: kept[part] for name, kept in memory.rejected.items()},
                rounding={name: kept[part] for name, kept in memory.rounding.items()},
            )
            found = invert(fc5, few.output, "remembered", memory=few)
            assert_allclose(found.x, x[part], atol=1e-10)

    def test_another_output_with_the_same_memory_is_a_preimage_too_or_an_error(self, fc5, memory):
        y = memory.output * (1 + 1e-6)
        found = invert(fc5, y, "remembered", memory=memory, partial=True)
        assert 0.9 < found.solved.mean()
        assert found.error[found.solved].max() < 1e-10
        # What rounding loses belongs to the output that was remembered, and to no other.
        loud = replace(memory, rounding={name: 1 + p for name, p in memory.rounding.items()})
        again = invert(fc5, y, "remembered", memory=loud, partial=True)
        assert_array_equal(again.x, found.x)

    def test_one_image(self, fc5, images, x):
        memory = remember(fc5, images[3])
        assert memory.output.shape == (10,) and memory.rejected["layer2"].shape == (256,)
        found = invert(fc5, memory.output, "remembered", memory=memory)
        assert_allclose(found.x, x[3], atol=1e-10)

    @pytest.mark.parametrize("widths", [(3, 40, 40, 5), (20, 5, 30, 2), (2, 2, 2)])
    def test_through_layers_that_widen(self, widths):
        network = random_network(widths, nn.Tanh, gain=0.5, end=nn.Sigmoid())
        x = np.random.default_rng(2).normal(size=(20, widths[0]))
        memory = remember(network, x)
        found = invert(network, memory.output, "remembered", memory=memory)
        assert_allclose(found.x, x, atol=1e-10)

    def test_a_memory_of_something_else_is_an_error(self, fc5, fc1, memory):
        with pytest.raises(ValueError, match=r"memory: expected that of outputs \(3, 10\), got"):
            invert(fc5, memory.output[:3], "remembered", memory=memory)
        with pytest.raises(ValueError, match=r"memory, layer2: expected shape \(500, 256\), got"):
            invert(fc5, memory.output, "remembered", memory=remember(fc1, np.zeros((500, 784))))


class TestSaturated:
    def test_float32_outputs_are_reported_by_layer_and_count(self, fc1, images):
        y = 40 * fc1(torch.tensor(images))  # drives SELU to its end
        network = nn.Sequential(nn.Identity(), nn.Linear(10, 10), nn.SELU()).float()
        with torch.no_grad():
            out = network(y)
        saturated = np.float32(-1.7580993)
        count = int((out == saturated).sum())
        assert count > 100
        for form in (out, out.double(), out.numpy().astype(float).tolist()):
            for method in ("pseudoinverse", "newton"):
                with pytest.raises(OutOfRangeError) as caught:
                    invert(network, form, method)
                assert caught.value.layer == "2" and caught.value.entries == count
                assert caught.value.count == int((out == saturated).any(1).sum())
                assert caught.value.worst == saturated

    @pytest.mark.parametrize("end, value", [(nn.Tanh(), 1.0), (nn.Sigmoid(), 0.0)])
    def test_the_ends_of_other_ranges_too(self, end, value):
        network = nn.Sequential(linear(np.eye(2)), end)
        found = invert(network, [[0.5, value], [0.5, 0.25]], partial=True)
        assert_array_equal(found.solved, [False, True])
        (stop,) = found.stops
        assert (stop.layer, stop.count, stop.entries, stop.worst) == ("1", 1, 1, value)

    def test_values_a_hair_inside_come_back(self):
        network = nn.Sequential(linear(np.eye(2)), nn.SELU(), linear([[1.0, 2.0], [2.0, 1.0]]))
        x = np.array([-25.0, 3.0])
        memory = remember(network, x)
        assert_allclose(
            invert(network, memory.output, "remembered", memory=memory).x, x, atol=1e-10
        )


class TestUnreachable:
    W = np.array([[1.0, 0], [0, 1], [1, 1]])

    @pytest.mark.parametrize("method", ["pseudoinverse", "newton"])
    def test_a_part_outside_the_column_space_is_said(self, method):
        network = nn.Sequential(OrderedDict(tall=linear(self.W, [0, 0, 1])))
        good = invert(network, [1, 2, 4], method)
        assert_allclose(good.x, [1, 2], atol=1e-12)
        with pytest.raises(InversionError) as caught:
            invert(network, [[1, 2, 4], [1, 2, 3]], method)
        assert caught.value.count == 1 and caught.value.which == [1]
        if method == "pseudoinverse":
            assert isinstance(caught.value, UnreachableError) and caught.value.layer == "tall"
            expected = np.sqrt(1 / 3) / (np.sqrt(14) + 1)
            assert_allclose(caught.value.worst, expected)

    def test_below_an_activation_too(self):
        network = nn.Sequential(linear(self.W), nn.Tanh(), linear(np.eye(3)))
        reached = np.tanh(self.W @ [0.3, -0.2])
        assert_allclose(invert(network, reached).x, [0.3, -0.2])
        with pytest.raises(UnreachableError, match=r"^0: expected values that the layer reaches"):
            invert(network, reached + np.eye(3)[0] / 10)

    def test_a_tolerance_lets_float32_through(self):
        network = nn.Sequential(linear(self.W))
        y = np.float32(self.W @ [0.3, 0.4])
        assert invert(network, y).error < 1e-6  # as it came: the tolerance follows
        with pytest.raises(UnreachableError, match="computed or kept in float32 need a tolerance"):
            invert(network, y.astype(float))
        with pytest.raises(UnreachableError):
            invert(network, y, tolerance=1e-10)
        assert invert(network, y.astype(float), tolerance=1e-6).error < 1e-6


# Networks of depths 1 to 4, widths 2 to 40, any activation with its own parameters.
ACTIVATIONS = st.one_of(
    st.sampled_from([nn.SELU(), nn.Tanh(), nn.Sigmoid(), nn.Identity(), nn.Dropout(0.5)]),
    st.floats(0.1, 3).map(nn.ELU),
    st.floats(0.01, 3).map(nn.LeakyReLU),
    st.builds(nn.Softplus, st.floats(0.2, 5), st.floats(-3, 30)),
)


@st.composite
def cases(draw):
    """A network, inputs of it, and outputs: of these inputs, or any."""
    depth = draw(st.integers(1, 4))
    widths = draw(st.lists(st.integers(2, 40), min_size=depth + 1, max_size=depth + 1))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers = []
    for n, m in itertools.pairwise(widths):
        r = draw(st.sampled_from([min(m, n)] * 4 + [1, 0]))
        W = rng.normal(size=(m, r)) @ rng.normal(size=(r, n)) / np.sqrt(max(r, 1) * n)
        W = rng.normal(size=(m, n)) / np.sqrt(n) if r == min(m, n) else W
        b = rng.normal(size=m) * draw(st.sampled_from([0, 0.1, 1]))
        layers += [linear(draw(st.sampled_from([0.1, 1, 1, 5])) * W, b), draw(ACTIVATIONS)]
    if draw(st.booleans()):
        layers = layers[:-1]
    network = nn.Sequential(*layers[:1], nn.Sequential(*layers[1:]))
    if draw(st.booleans()):
        network.train()
    x = rng.normal(size=(4, widths[0])) * draw(st.sampled_from([0, 0.1, 1, 10]))
    y = outputs(network, x)
    kind = draw(st.sampled_from(["reached", "reached", "any", "zero"]))
    if kind == "any":
        y = rng.normal(size=y.shape) * draw(st.sampled_from([1e-3, 1, 1e3]))
    return network, x, 0 * y if kind == "zero" else y


class TestAnyNetwork:
    """A returned x is a preimage to its certificate, or an error says why not."""

    TOLERANCE = 1e-10

    def judge(self, network, y, method, **options):
        names = {name for name, _ in network.named_modules(remove_duplicate=False)}
        found = invert(network, y, method, partial=True, **options)
        n = found.x.shape[-1]
        assert found.x.shape == (len(y), n) and np.isfinite(found.x).all()
        recomputed = errors(network, found.x, y)
        assert_allclose(found.error, recomputed, rtol=1e-6, atol=1e-13)
        assert (recomputed[found.solved] <= 1.01 * self.TOLERANCE).all()
        stopped = [stop.which for stop in found.stops]
        assert_array_equal(np.sort(np.concatenate([[], *stopped])), np.flatnonzero(~found.solved))
        for stop in found.stops:
            assert stop.count == len(stop.which) == len(stop.values) > 0
            assert (
                stop.layer in names and np.isfinite(stop.worst) and np.isfinite(stop.values).all()
            )
            if isinstance(stop, OutOfRangeError):
                low, high = stop.range
                assert not low < stop.worst < high or stop.worst in np.float32(stop.values)
            elif isinstance(stop, UnreachableError):
                assert stop.worst > 1e-8
            else:
                assert stop.worst > self.TOLERANCE
        if found.stops:
            with pytest.raises(type(found.stops[0]), match=re.escape(str(found.stops[0]))):
                invert(network, y, method, **options)
        else:
            assert_array_equal(invert(network, y, method, **options).x, found.x)
        return found

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(cases())
    def test_by_the_pseudoinverse(self, case):
        network, _, y = case
        self.judge(network, y, "pseudoinverse")

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(cases(), st.booleans())
    def test_by_newton(self, case, near):
        network, x, y = case
        self.judge(network, y, "newton", start=0.9 * x if near else None)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(cases())
    def test_by_what_is_remembered(self, case):
        network, x, y = case
        memory = remember(network, x)
        own = self.judge(network, memory.output, "remembered", memory=memory)
        # Where no activation has come near an end of its range, x itself comes back.
        assert_allclose(own.x[own.solved], x[own.solved], atol=1e-10 * (1 + np.abs(x).max()))
        self.judge(network, y, "remembered", memory=memory)

    @pytest.mark.parametrize("kind", activations.INVERTIBLE)
    def test_newton_and_memory_find_what_is_there(self, kind):
        # Nothing above would notice a method that always says no.
        network = random_network((40, 30, 20, 10), getattr(nn, kind), end=getattr(nn, kind)())
        x = np.random.default_rng(3).normal(size=(50, 40))
        y = outputs(network, x)
        assert invert(network, y, "newton", 0.9 * x, partial=True).solved.mean() > 0.95
        assert invert(network, y, "remembered", memory=remember(network, x)).solved.all()
        if kind in ("Identity", "LeakyReLU"):
            assert invert(network, y).solved.all()

    @pytest.mark.filterwarnings("error")
    @pytest.mark.parametrize("kind", activations.INVERTIBLE)
    @pytest.mark.parametrize("gain", [1e-300, 1e-150, 1e150, 1e300])
    @pytest.mark.parametrize("scale", [0, 1e-300, 1, 1e250])
    def test_at_the_limits_of_float64(self, kind, gain, scale):
        network = random_network((5, 4, 3), getattr(nn, kind), gain=gain)
        y = scale * np.random.default_rng(0).normal(size=(4, 3))
        for method in ("pseudoinverse", "newton"):
            found = invert(network, y, method, partial=True)
            assert np.isfinite(found.x).all() and (found.error[found.solved] <= 1e-10).all()


class TestTheNetwork:
    def test_is_left_as_it_was(self):
        network = random_network((6, 5, 4), nn.SELU).float().train()
        before = copy.deepcopy(network.state_dict())
        y = network(torch.ones(3, 6)).detach()
        for method in ("pseudoinverse", "newton"):
            invert(network, y, method, partial=True)
        memory = remember(network, np.ones((3, 6)))
        invert(network, memory.output, "remembered", memory=memory)
        assert network.training and all(module.training for module in network.modules())
        for name, value in network.state_dict().items():
            assert value.dtype == torch.float32 and torch.equal(value, before[name])
        assert all(p.requires_grad and p.grad is None for p in network.parameters())

    def test_one_module_in_two_places_is_two_layers(self):
        shared, square = nn.Tanh(), linear(np.diag([0.5, 0.7]) + 0.1, [0.1, 0.2])
        network = nn.Sequential(square, shared, square, shared)
        x = np.array([[0.3, -0.4], [0.1, 0.2]])
        assert_allclose(invert(network, outputs(network, x)).x, x, atol=1e-12)
        memory = remember(network, x)
        assert list(memory.rejected) == ["0", "2"]

    def test_nested_with_flatten_and_dropout_in_training(self):
        inner = nn.Sequential(OrderedDict(wide=linear(np.eye(4)), squash=nn.Tanh()))
        network = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), inner, nn.Identity()).train()
        x = np.random.default_rng(0).normal(size=(3, 4))
        found = invert(network, np.tanh(x))
        assert_allclose(found.x, x, atol=1e-12)
        assert list(remember(network, x.reshape(3, 2, 2)).rejected) == ["2.wide"]
        with pytest.raises(OutOfRangeError, match=r"^2\.squash: expected values in \(-1, 1\)"):
            invert(network, 2 + 0 * x)

    def test_a_single_layer_needs_no_sequential(self):
        found = invert(linear(2 * np.eye(3), [1, 1, 1]), [3, 5, 7])
        assert_array_equal(found.x, [1, 2, 3])

    def test_in_place_activations_and_half_precision(self):
        network = nn.Sequential(nn.ELU(inplace=True), nn.Linear(3, 3), nn.ELU(inplace=True)).half()
        x = np.array([[0.5, 1.0, -0.25]])
        found = invert(network, outputs(network, x.copy()), "newton", x + 0.1)
        assert found.error < 1e-10

    def test_the_certificate_comes_from_its_own_modules(self):
        class Shifted(nn.Sequential):
            def forward(self, x):
                return super().forward(x) + 1

        network = Shifted(linear(np.eye(2)))
        with pytest.raises(NotConvergedError) as caught:
            invert(network, [[3.0, 4.0]])
        assert_allclose(caught.value.worst, np.sqrt(2) / 5)

    @pytest.mark.parametrize(
        "network, words",
        [
            (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "got ReLU as '1'"),
            (nn.Sequential(nn.Sequential(nn.Conv2d(1, 1, 3))), "got Conv2d as '0.0'"),
            (nn.Sequential(nn.Flatten(0), nn.Linear(2, 2)), "got Flatten as '0'"),
            (nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)), "got BatchNorm1d as '1'"),
            (networks.build("resnet18"), "got Conv2d as 'conv1'"),
            (nn.Sequential(), "network: expected at least one Linear, got none"),
            (nn.Sequential(nn.Tanh()), "network: expected at least one Linear, got none"),
            (nn.Sequential(nn.Linear(2, 2), nn.ELU(-1.0)), "ELU: expected alpha > 0"),
            (
                nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)),
                "1, weight: expected 3 columns, the outputs of 0, got shape (2, 2)",
            ),
            (
                nn.Sequential(linear([[np.nan, 1], [1, 1]])),
                "0, weight: expected finite numbers, got 1 NaN",
            ),
            (np.eye(2), "network: expected a torch module, got ndarray"),
        ],
    )
    def test_another_one_is_an_error(self, network, words):
        with pytest.raises(ValueError, match=re.escape(words)):
            invert(network, [[1.0, 1.0]])
        with pytest.raises(ValueError, match=re.escape(words)):
            remember(network, [[1.0, 1.0]])


class TestArguments:
    NETWORK = random_network((6, 4), nn.Identity)

    @pytest.mark.parametrize("batch", [(), (1,), (3,), (2, 3)])
    @pytest.mark.parametrize("form", [np.asarray, torch.tensor, np.ndarray.tolist])
    def test_any_batch_in_any_form(self, batch, form):
        x = np.random.default_rng(0).normal(size=(*batch, 6))
        y = outputs(self.NETWORK, x)
        for method, start in (("pseudoinverse", None), ("newton", form(x / 2))):
            found = invert(self.NETWORK, form(y), method, start)
            assert isinstance(found, Inversion) and found.x.shape == x.shape
            for each in (found.error, found.solved, found.iterations, found.distance):
                assert each.shape == batch
            assert_allclose(outputs(self.NETWORK, found.x), y, atol=1e-12)
        memory = remember(self.NETWORK, form(x))
        assert memory.output.shape == y.shape
        found = invert(self.NETWORK, form(memory.output), "remembered", memory=memory)
        assert_allclose(found.x, x, atol=1e-12)

    def test_a_start_may_be_one_image_or_one_for_each_output(self):
        y = np.zeros((4, 4))
        x = np.arange(24.0).reshape(4, 6)
        one = invert(self.NETWORK, y, "newton", x[1].reshape(2, 3))
        assert_allclose(one.x, invert(self.NETWORK, y, "newton", x[[1, 1, 1, 1]]).x)
        each = invert(self.NETWORK, y, "newton", x.reshape(4, 2, 3))
        assert_allclose(each.x[1], one.x[1], atol=1e-12)
        # Linear: the step is the shortest that there is.
        S = Subspaces(self.NETWORK[0].weight)
        assert_allclose(S.split(each.x)[1], S.split(x)[1], atol=1e-12)

    def test_for_an_output_of_zero_the_error_is_the_norm_itself(self):
        network = nn.Sequential(linear([[1.0], [0.0]], [0, 1e-12]))
        found = invert(network, [0, 0], "newton", tolerance=1e-11)
        assert_allclose(found.error, 1e-12)

    @pytest.mark.parametrize(
        "arguments, words",
        [
            (([1, 2, 3, 4], "inverse"), "method: expected one of pseudoinverse, newton, rem"),
            (([1, 2, 3],), "output: expected length 4 along the last axis, got shape (3,)"),
            (([1, 2, 3, np.nan],), "output: expected finite numbers, got 1 NaN"),
            (([1, 2, 3, 4], "pseudoinverse", np.ones(6)), "start: expected only with method 'new"),
            (([1, 2, 3, 4], "remembered"), "memory: expected with method 'remembered'"),
            (([1, 2, 3, 4], "newton", np.ones(5)), "start: expected shape (..., 6) or images of 6"),
            (
                ([1, 2, 3, 4], "newton", np.ones((2, 6))),
                "start: expected one, or one an output, (), got (2, 6)",
            ),
            ((np.ones((3, 4)), "newton", np.ones((6, 3))), "start: expected shape (..., 6)"),
        ],
    )
    def test_what_does_not_fit_is_said(self, arguments, words):
        with pytest.raises(ValueError, match=re.escape(words)):
            invert(self.NETWORK, *arguments)

    def test_a_memory_goes_with_its_method_alone(self):
        memory = remember(self.NETWORK, np.ones(6))
        with pytest.raises(ValueError, match="memory: expected with method 'remembered'"):
            invert(self.NETWORK, memory.output, "newton", memory=memory)
