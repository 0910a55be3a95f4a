"""Synthesis: the paper's targets and starts, descent on the input, and what judges its images."""

import copy
import importlib
import itertools
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from strategies import entries
from torch import nn

from vslib import Subspaces, layers, mnist, networks, synthesis
from vslib.networks.evaluation import decide, evaluate, recognise
from vslib.synthesis import (
    PAPER,
    PrincipalSubspaces,
    StartingImages,
    ideal_outputs,
    nearest,
    principal_components,
    starting_images,
    synthesize,
)

H = W = 5
N = 60


def small(seed=0, norm=True):
    """A random network of images 5 x 5 with all that has a state: norms, dropout, counters."""
    torch.manual_seed(seed)
    parts = [nn.Unflatten(1, (1, H)), nn.Conv2d(1, 4, 3, padding=1), nn.SELU(), nn.Flatten()]
    if norm:
        parts += [nn.BatchNorm1d(4 * H * W), nn.Dropout(0.5)]
    network = nn.Sequential(*parts, nn.Linear(4 * H * W, 10))
    if norm:
        network(torch.rand(50, H, W))  # so that the running statistics are not those at birth
    return network


@pytest.fixture(scope="module")
def data():
    """Random images 5 x 5 with labels, each digit six times, in no order."""
    rng = np.random.default_rng(0)
    return rng.random((N, H, W)).astype(np.float32), rng.permutation(N) % 10


@pytest.fixture(scope="module")
def digits():
    """Some of MNIST: 2000 images to know, outputs and targets of fc1 for them."""
    images, labels = (array[:2000] for array in mnist.load("test"))
    network = networks.load("fc1")
    outputs = evaluate(network, images)
    return network, images, labels, outputs, ideal_outputs(outputs)


@pytest.fixture(scope="module")
def space(data):
    return principal_components(*data, k=3)


@pytest.fixture
def case(data):
    """A network, starts (2, 10, 5, 5) and targets."""
    network = small()
    outputs = evaluate(network, data[0])
    rng = np.random.default_rng(1)
    return network, rng.random((2, 10, H, W)), ideal_outputs(outputs)


def quiet(*arguments, **settings):
    return synthesize(*arguments, progress=False, **settings)


def asked(network, images):
    """Outputs in evaluation mode, one image at a time."""
    network = copy.deepcopy(network).eval()
    with torch.no_grad():
        return np.stack([network(torch.tensor(np.float32(x))[None])[0].numpy() for x in images])


class TestEvaluate:
    @pytest.mark.parametrize("batch", [1, 7, N, 1000])
    def test_gives_what_the_network_gives_one_at_a_time(self, data, batch):
        got = evaluate(small(), data[0], batch)
        assert_allclose(got, asked(small(), data[0]), rtol=1e-5, atol=1e-5)

    def test_keeps_the_precision_of_the_network(self, data):
        assert evaluate(small().double(), data[0]).dtype == np.float64

    def test_gives_the_accuracy_that_the_card_of_a_network_says(self):
        images, labels = mnist.load("test")
        share = (evaluate(networks.load("fc1"), images).argmax(1) == labels).mean()
        assert share == pytest.approx(networks.card("fc1")["test_accuracy"], abs=2e-4)

    @given(entries((3, 4)), st.sampled_from([1, 30, 1e4]))
    def test_confidence_is_the_softmax_of_the_largest_output(self, outputs, scale):
        predicted, confidence = decide(scale * outputs)
        assert_array_equal(predicted, outputs.argmax(-1))
        assert_allclose(confidence, softmax(scale * outputs, axis=-1).max(-1))

    @pytest.mark.parametrize("lead", [(), (4,), (2, 3)])
    def test_recognises_images_in_any_axes(self, lead, data):
        images = np.resize(data[0], (*lead, H, W))
        predicted, confidence = recognise(small(), images)
        outputs = asked(small(), images.reshape(-1, H, W)).reshape(*lead, 10)
        assert_array_equal(predicted, outputs.argmax(-1))
        assert_allclose(confidence, softmax(outputs, axis=-1).max(-1), rtol=1e-4)


class TestIdealOutputs:
    @settings(max_examples=50, derandomize=True, deadline=None)
    @given(st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(entries))
    def test_is_what_two_loops_find(self, outputs):
        classes = outputs.shape[1]
        for lowest in ("each", "own"):
            got = ideal_outputs(outputs, lowest)
            for c, j in itertools.product(range(classes), repeat=2):
                if c == j:
                    expected = max(outputs[:, c])
                else:
                    expected = min(outputs[:, j if lowest == "each" else c])
                assert got[c, j] == expected

    def test_takes_the_least_of_each_other_output_unless_told_otherwise(self):
        outputs = [[3, 1], [0, -2], [1, 5]]
        assert_array_equal(ideal_outputs(outputs), [[3, -2], [0, 5]])
        assert_array_equal(ideal_outputs(outputs, "own"), [[3, 0], [-2, 5]])


class TestStartingImages:
    def test_are_what_loops_find(self, data):
        images, labels = data
        rng = np.random.default_rng(2)
        outputs, targets = rng.normal(size=(N, 4)), rng.normal(size=(10, 4))
        got = starting_images(images, labels, outputs, targets)
        assert isinstance(got, StartingImages) and list(got) == ["avg", "min", "avg-min"]
        for digit in range(10):
            found = []
            for at in range(N):
                if labels[at] == digit:
                    pairs = zip(outputs[at], targets[digit], strict=True)
                    found.append((sum((a - b) ** 2 for a, b in pairs) / 4, at))
            for distance, at in found:
                assert got.distances[at] == pytest.approx(distance)
            found.sort()
            assert got.positions[digit] == found[0][1]
            assert_array_equal(got["min"][digit], images[found[0][1]])
            mean = sum(images[at].astype(float) for _, at in found) / len(found)
            assert_allclose(got["avg"][digit], mean)
            # Of six, two are at or below the 25th percentile: 1.25 steps from the least.
            near = [images[at].astype(float) for _, at in found[:2]]
            assert_allclose(got["avg-min"][digit], sum(near) / 2)

    def test_avg_min_takes_a_quarter_of_the_images_and_min_is_among_them(self, digits):
        _, images, labels, outputs, targets = digits
        got = starting_images(images, labels, outputs, targets)
        for digit in range(10):
            own = got.distances[labels == digit]
            near = own <= np.percentile(own, 25)
            assert near.mean() == pytest.approx(0.25, abs=0.01)
            assert_allclose(got["avg-min"][digit], images[labels == digit][near].mean(0), atol=1e-6)
            assert labels[got.positions[digit]] == digit
            assert got.distances[got.positions[digit]] == own.min()


class TestPrincipalComponents:
    def test_are_those_of_a_dense_decomposition(self, digits):
        _, images, labels, *_ = digits
        got = principal_components(images, labels, k=12)
        for digit in range(10):
            x = images[labels == digit].reshape(-1, 784).astype(float)
            _, s, vt = np.linalg.svd(x - x.mean(0), full_matrices=False)
            assert_allclose(got.centres[digit], x.mean(0))
            assert_allclose(got.scales[digit], s[:12] / np.sqrt(len(x)))
            assert_allclose(abs((got.bases[digit] * vt[:12].T).sum(0)), 1)

    def test_scales_are_the_standard_deviations_of_the_coefficients(self, data, space):
        images, labels = data
        for digit in range(10):
            x = images[labels == digit].reshape(-1, 1, H * W)
            a = space.coefficients(np.repeat(x, 10, axis=1))[:, digit]
            assert_allclose(a.mean(0), 0, atol=1e-6)
            assert_allclose(a.std(0), 1, rtol=1e-6)

    def test_the_entry_of_largest_magnitude_is_positive(self, space):
        peaks = np.abs(space.bases).argmax(1)
        assert (np.take_along_axis(space.bases, peaks[:, None], 1) > 0).all()

    @settings(max_examples=30, derandomize=True, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([(), (3,), (2, 2)]))
    def test_coefficients_take_points_back_and_find_the_nearest_point(self, space, seed, lead):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=(*lead, 10, 3))
        assert_allclose(space.coefficients(space.points(a)), a, atol=1e-10)
        x = rng.normal(size=(*lead, 10, H * W))
        away = x - space.points(space.coefficients(x))
        assert_allclose(away[..., None, :] @ space.bases, 0, atol=1e-10)

    @settings(max_examples=30, derandomize=True, deadline=None)
    @given(st.integers(0, 2**32 - 1), st.sampled_from([(), (3,), (2, 2)]))
    def test_rejected_energy_is_what_least_squares_leaves(self, space, seed, lead):
        x = np.random.default_rng(seed).normal(size=(*lead, 10, H * W))
        got = space.rejected_energy(x)
        for at in np.ndindex(*lead, 10):
            span = np.column_stack([space.centres[at[-1]], space.bases[at[-1]]])
            left = x[at] - span @ np.linalg.lstsq(span, x[at], rcond=None)[0]
            assert got[at] == pytest.approx(left @ left / (x[at] @ x[at]))

    def test_points_of_the_subspace_have_no_rejected_energy(self, space):
        a = np.random.default_rng(0).normal(size=(4, 10, 3))
        assert space.rejected_energy(space.points(a)).max() < 1e-25
        assert_array_equal(space.rejected_energy(np.zeros((10, H * W))), 0)


class TestNearest:
    @pytest.mark.parametrize("lead", [(), (3,), (2, 10)])
    def test_is_what_a_loop_finds(self, lead, data, monkeypatch):
        monkeypatch.setattr(
            "vslib.synthesis.principal.CHUNK", 17
        )  # of 60: several, the last not full
        images = np.random.default_rng(3).random((*lead, H, W))
        distances, positions = nearest(images, data[0])
        assert distances.shape == positions.shape == lead
        for at in np.ndindex(*lead):
            every = [np.linalg.norm(images[at] - x.astype(float)) for x in data[0]]
            assert positions[at] == np.argmin(every)
            assert distances[at] == pytest.approx(min(every))

    def test_a_known_image_is_found_at_no_distance(self, digits):
        images = digits[1]
        distances, positions = nearest(images[40:45], images)
        assert_array_equal(distances, 0)
        assert_array_equal(positions, range(40, 45))


def by_hand(network, start, targets, optimizer, rate, steps, centred):
    """Free pixels, one image after the other."""
    network = copy.deepcopy(network).eval()
    made, along = np.empty_like(start), np.empty((steps + 1, *start.shape[:-2]))
    for at in np.ndindex(*start.shape[:-2]):
        x = torch.tensor(start[at], requires_grad=True)
        goal = torch.tensor(targets[at[-1]])
        descent = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[optimizer]([x], rate)
        for step in range(steps + 1):
            difference = network(x[None])[0] - goal
            along[(step, *at)] = (difference**2).mean().item()
            if step == steps:
                break
            if centred:
                difference = difference - difference.mean()
            descent.zero_grad()
            (difference**2).mean().backward()
            descent.step()
            x.data.clamp_(0, 1)
        made[at] = x.detach().numpy()
    return made, along


class TestSynthesize:
    @pytest.mark.parametrize("centred", [True, False])
    @pytest.mark.parametrize(("optimizer", "rate"), [("SGD", 3.0), ("Adam", 0.1)])
    def test_free_pixels_are_a_loop_by_hand_for_each_image(self, case, optimizer, rate, centred):
        network, start, targets = case
        network = network.double()
        made, along = by_hand(network, start, targets, optimizer, rate, 6, centred)
        settings = {"optimizer": optimizer, "rate": rate, "steps": 6, "centred": centred}
        got = quiet(network, start, targets, **settings)
        assert (made == 0).any() and (made == 1).any()  # the range of pixels was met
        assert_allclose(got.images, made, atol=1e-9)
        assert_allclose(got.distances, along, rtol=1e-9)

    def test_the_paper_s_settings_are_100_steps_of_plain_gradient_descent(self, case):
        network, start, targets = case
        assert PAPER == {"optimizer": "SGD", "rate": 1e-4, "steps": 100, "centred": False}
        made, along = by_hand(network.double(), start, targets, "SGD", 1e-4, 100, False)
        got = quiet(network.double(), start, targets, **PAPER)
        assert_allclose(got.images, made, atol=1e-12)
        assert_allclose([got.before, got.after], along[[0, -1]])

    def test_within_a_subspace_it_is_a_loop_by_hand_over_coefficients(self, case, space):
        network, start, targets = case
        network = network.double()
        got = quiet(network, start, targets, within=space, steps=5, rate=0.2, prior=0.3)
        centres, bases = torch.tensor(space.centres), torch.tensor(space.bases)
        scales = torch.tensor(space.scales)
        frozen = copy.deepcopy(network).eval()
        for at in np.ndindex(2, 10):
            c = at[-1]
            x = torch.tensor(start[at].reshape(-1))
            a = ((bases[c].T @ (x - centres[c])) / scales[c]).requires_grad_()
            descent = torch.optim.Adam([a], lr=0.2)
            for step in range(6):
                image = torch.clip(centres[c] + bases[c] @ torch.diag(scales[c]) @ a, 0, 1)
                output = frozen(image.reshape(1, H, W))[0]
                assert_allclose(got.outputs[(step, *at)], output.detach(), atol=1e-9)
                away = output - torch.tensor(targets[c])
                loss = ((away - away.mean()) ** 2).mean() + 0.3 * (a**2).mean()
                descent.zero_grad()
                loss.backward()
                descent.step()
            assert_allclose(got.images[at], image.detach().reshape(H, W), atol=1e-9)

    def test_within_a_subspace_the_image_lies_in_it_before_it_is_cut(self, case, space):
        network, start, targets = (*case[:1], *case[1:])
        far = {"rate": 1.0, "prior": 0, "steps": 8}
        whole = quiet(network.double(), start, targets, within=space, clip=False, **far).images
        flat = whole.reshape(2, 10, -1)
        assert_allclose(space.points(space.coefficients(flat)), flat, atol=1e-10)
        assert whole.min() < 0 or whole.max() > 1
        cut = quiet(network, start, targets, within=space, **far).images
        assert cut.min() >= 0 and cut.max() <= 1

    def test_any_affine_subspace_will_do(self, case):
        network, start, targets = case
        rng = np.random.default_rng(5)
        bases = np.linalg.qr(rng.normal(size=(10, H * W, 2)))[0]
        line = PrincipalSubspaces(np.full((10, H * W), 0.5), bases, np.full((10, 2), 0.1))
        got = quiet(network, start, targets, within=line, prior=0)
        flat = got.images.reshape(2, 10, -1).astype(float)
        assert_allclose(line.points(line.coefficients(flat)), flat, atol=1e-6)
        assert (got.centred_distances[-1] < got.centred_distances[0]).all()

    def test_images_stay_in_their_range_and_precision(self, case, space):
        network, start, targets = case
        for within in (None, space):
            got = quiet(network, start, targets, within=within, rate=5.0, keep=range(21))
            assert got.images.dtype == got.kept.dtype == np.float32
            assert got.kept.min() >= 0 and got.kept.max() <= 1

    def test_a_start_is_worked_on_alone_or_among_others_alike(self, case):
        network, start, targets = case
        both = quiet(network, start, targets)
        one = quiet(network, start[1], targets)
        named = quiet(network, {"a": start[0], "b": torch.tensor(start[1])}, targets)
        assert one.images.shape == (10, H, W) and one.distances.shape == (21, 10)
        assert_allclose(both.images[1], one.images, atol=1e-4)
        assert_array_equal(both.images, named.images)

    def test_says_what_it_saw_along_the_way(self, case, space):
        network, start, targets = case
        for within in (None, space):
            got = quiet(network, start, targets, within=within, steps=4, keep=[4, 0, 2])
            assert got.kept.shape == (3, 2, 10, H, W) and got.outputs.shape == (5, 2, 10, 10)
            assert_array_equal(got.kept[-1], got.images)
            for kept, step in zip(got.kept, (0, 2, 4), strict=True):
                outputs = asked(network, kept.reshape(-1, H, W)).reshape(2, 10, 10)
                assert_allclose(got.outputs[step], outputs, atol=1e-4)
                away = outputs - targets
                assert_allclose(got.distances[step], (away**2).mean(-1), rtol=1e-3)
                away -= away.mean(-1, keepdims=True)
                assert_allclose(got.centred_distances[step], (away**2).mean(-1), rtol=1e-3)
            assert_array_equal(got.before, got.distances[0])
            assert_array_equal(got.after, got.distances[4])
            predicted, confidence = recognise(network, got.images)
            assert_array_equal(got.predicted, predicted)
            assert_allclose(got.confidence, confidence, rtol=1e-3)

    def test_no_step_only_looks(self, case):
        network, start, targets = case
        got = quiet(network, start, targets, steps=0)
        assert_array_equal(got.images, start.astype(np.float32))
        assert_array_equal(got.before, got.after)
        assert got.kept.shape == (0, 2, 10, H, W)

    def test_works_where_gradients_are_switched_off(self, case):
        with torch.no_grad():
            got = quiet(*case)
        assert_array_equal(got.images, quiet(*case).images)

    def test_outputs_without_a_derivative_are_refused_where_one_is_needed(self, case):
        network, start, targets = case

        class Detached(nn.Sequential):
            def forward(self, x):
                return super().forward(x).detach()

        with pytest.raises(ValueError, match="expected outputs with a derivative by the pixels"):
            quiet(Detached(network), start, targets, steps=1)
        assert_array_equal(
            quiet(Detached(network), start, targets, steps=0).before,
            quiet(network, start, targets, steps=0).before,
        )

    @pytest.mark.parametrize("progress", [True, False])
    def test_shows_a_bar_that_can_be_silent(self, case, progress, capsys):
        synthesize(*case, steps=3, progress=progress)
        shown = capsys.readouterr().err
        assert ("synthesis: 100%" in shown and "3/3" in shown) if progress else shown == ""


class Breaks(nn.Module):
    """Passes on what it gets, and fails the third time; a module with a mind of its own."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))
        self.fails = True

    def forward(self, x):
        self.calls += 1
        assert not self.training
        if self.fails and self.calls == 3:
            raise RuntimeError("the third time")
        return x


class TestTheNetworkIsLeftAsItWas:
    @pytest.fixture
    def worn(self):
        """In training mode but for one part, some of it frozen, with gradients."""
        network = nn.Sequential(small(), Breaks().eval()).train()
        network[1].eval()
        network[0][4].eval()
        network[0][1].weight.requires_grad_(False)
        network[1].fails = False
        network(torch.rand(6, H, W)).sum().backward()
        return network

    def state(self, network):
        """All that could be changed, as bits, and who each of them is."""
        tensors = [*network.named_parameters(), *network.named_buffers()]
        return (
            [(name, id(module), module.training) for name, module in network.named_modules()],
            [(name, id(t), t.requires_grad, t.numpy(force=True).tobytes()) for name, t in tensors],
            [
                (id(p.grad), None if p.grad is None else p.grad.numpy().tobytes())
                for p in network.parameters()
            ],
            torch.is_grad_enabled(),
            torch.get_rng_state().numpy().tobytes(),
        )

    def test_to_the_bit(self, worn, case, space):
        _, start, targets = case
        before = self.state(worn)
        for within in (None, space):
            quiet(worn, start, targets, within=within)
        evaluate(worn, start[0])
        recognise(worn, start)
        assert self.state(worn) == before
        flags = {p.requires_grad for p in worn.parameters()}
        grads = [p.grad is None for p in worn.parameters()]
        assert flags == {True, False} and set(grads) == {True, False}

    def test_to_the_bit_after_an_error(self, worn, case, data):
        _, start, targets = case
        worn[1].fails = True
        worn[1].calls.zero_()
        before = self.state(worn)
        with pytest.raises(RuntimeError, match="the third time"):
            quiet(worn, start, targets)
        with pytest.raises(RuntimeError, match="the third time"):
            evaluate(worn, data[0], batch=1)
        assert self.state(worn) == before

    def test_the_watch_sees_a_pass_in_training_mode(self, worn, case):
        # Else the two above would say nothing.
        before = self.state(worn)
        worn[0][4].train()
        worn[0](torch.rand(6, H, W)).sum().backward()
        after = self.state(worn)
        assert all(was != now for was, now in zip(before[:3], after[:3], strict=True))


@pytest.fixture(scope="module")
def starts(digits):
    """The paper's starting images for fc1, on a part of the data."""
    _, images, labels, outputs, targets = digits
    return starting_images(images, labels, outputs, targets)


@pytest.fixture(scope="module")
def made(digits, starts):
    """The principal subspaces of that part, and the syntheses within them."""
    network, images, labels, _, targets = digits
    space = principal_components(images, labels)
    return space, quiet(network, starts, targets, within=space)


class TestOnDigits:
    """What chapter 7 says of fc1, on a part of the data."""

    def test_the_paper_s_settings_hardly_move_the_pixels(self, digits, starts):
        got = quiet(digits[0], starts, digits[-1], **PAPER)
        assert (got.after < got.before).all()
        assert (got.after > 0.9 * got.before).all()
        assert np.abs(got.images - np.stack(list(starts.values()))).mean() < 0.002

    def test_the_data_s_own_subspace_gives_digits_that_all_three_networks_see(self, made):
        _, got = made
        before, after = got.centred_distances[[0, -1]].mean(-1)
        assert (after < before / 2).all()
        assert (np.diff(got.centred_distances.mean((1, 2))) < 0)[:8].all()
        assert_array_equal(got.predicted, [range(10)] * 3)
        assert got.confidence.min() > 0.99
        for other in ("fc5", "resnet18"):
            assert_array_equal(recognise(networks.load(other), got.images[0])[0], range(10))

    def test_the_control_random_coefficients_are_seen_as_well(self, digits, made):
        space, _ = made
        drawn = space.points(np.random.default_rng(0).normal(size=(10, 32)))
        control = np.clip(drawn, 0, 1).reshape(10, 28, 28)
        assert (recognise(digits[0], control)[0] == range(10)).sum() >= 8

    def test_the_control_the_next_digit_s_target_fools_the_network(self, digits, starts, made):
        network, *_, targets = digits
        space, _ = made
        got = quiet(network, starts["avg"], np.roll(targets, -1, 0), within=space, steps=50)
        assert (got.predicted == (np.arange(10) + 1) % 10).sum() >= 9

    def test_free_pixels_are_surer_and_farther_from_the_data(self, digits, starts, made):
        network, images, _, _, targets = digits
        space, clean = made
        noisy = quiet(network, starts, targets, steps=100)
        assert noisy.confidence.min() > 0.999
        assert noisy.centred_distances[-1].max() < 0.1
        energies = [
            space.rejected_energy(got.images.reshape(3, 10, 784)).mean() for got in (noisy, clean)
        ]
        assert energies[0] > 0.3 and energies[1] < 0.05
        assert nearest(noisy.images[0], images)[0].min() > nearest(clean.images[0], images)[0].max()

    def test_plain_gradient_descent_never_changes_what_the_first_layer_rejects(self, digits):
        fc5, (_, images, labels, *_) = networks.load("fc5"), digits
        targets = ideal_outputs(evaluate(fc5, images))
        S = Subspaces(layers.matrices(networks.weights("fc5"))["layer1"])
        start = mnist.class_averages(images, labels)

        def changed(**settings):
            made = quiet(fc5.double(), start, targets, **settings).images
            change = (made - start).reshape(10, 784)
            return S.rejected_energy(change).max()

        plain = {"optimizer": "SGD", "rate": 0.003, "steps": 30}
        assert changed(clip=False, **plain) < 1e-20
        assert changed(**plain) > 0.01
        assert changed(clip=False, rate=0.01) > 0.1


def call(what, **changes):
    """One of the functions, with good arguments but for those given."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((N, H, W)), np.arange(N) % 10
    good = {
        "evaluate": dict(network=small(norm=False), images=images),
        "recognise": dict(network=small(norm=False), images=images),
        "decide": dict(outputs=images[0]),
        "ideal_outputs": dict(outputs=images[0]),
        "starting_images": dict(
            images=images, labels=labels, outputs=images[:, 0], targets=images[:10, 0]
        ),
        "principal_components": dict(images=images, labels=labels, k=2),
        "PrincipalSubspaces": dict(
            centres=np.zeros((2, 3)),
            bases=np.eye(3)[None, :, :2].repeat(2, 0),
            scales=np.ones((2, 2)),
        ),
        "nearest": dict(images=images[:3], references=images),
        "synthesize": dict(
            network=small(norm=False),
            start=images[:10],
            targets=rng.random((10, 10)),
            steps=2,
            progress=False,
        ),
    }[what]
    modules = (
        synthesis,
        *(
            importlib.import_module(f"vslib.{m}")
            for m in ("networks.evaluation", "synthesis.principal")
        ),
    )
    (function,) = [getattr(module, what) for module in modules if hasattr(module, what)][:1]
    return function(**(good | changes))


NOWHERE = np.full((10, H, W), np.nan)
BAD = {
    ("evaluate", "NaN"): (dict(images=NOWHERE), "images: expected finite numbers"),
    ("evaluate", "none"): (dict(images=np.ones((0, H, W))), "at least one entry"),
    ("recognise", "words"): (dict(images=[["a"]]), "images: expected real numbers"),
    ("decide", "infinite"): (dict(outputs=[1, np.inf]), "outputs: expected finite"),
    ("ideal_outputs", "one axis"): (dict(outputs=[1.0, 2]), r"expected 2 axes, got shape \(2,\)"),
    ("ideal_outputs", "NaN"): (dict(outputs=[[np.nan, 2]]), "1 NaN or infinite of 2"),
    ("ideal_outputs", "word"): (dict(lowest="all"), "expected 'each' or 'own', got 'all'"),
    ("starting_images", "a digit without images"): (
        dict(labels=np.arange(N) % 9),
        r"every digit from 0 to 9, got none that is \[9\]",
    ),
    ("starting_images", "no digit"): (dict(labels=np.arange(N) % 11), "got 10"),
    ("starting_images", "labels missing"): (dict(labels=np.arange(9)), "expected 60, one for each"),
    ("starting_images", "flat images"): (
        dict(images=np.ones((N, 25))),
        r"expected shapes \(N, h, w\), \(N, m\), \(10, m\), got \(60, 25\), \(60, 5\), \(10, 5\)",
    ),
    ("starting_images", "outputs missing"): (dict(outputs=np.ones((N - 1, 5))), r"got .*\(59, 5\)"),
    ("starting_images", "outputs of another length"): (dict(outputs=np.ones((N, 4))), "length 5"),
    ("starting_images", "targets missing"): (dict(targets=np.ones((9, 5))), r"\(9, 5\)"),
    ("starting_images", "NaN in outputs"): (dict(outputs=np.full((N, 5), np.nan)), "outputs: "),
    ("starting_images", "NaN in targets"): (dict(targets=np.full((10, 5), np.nan)), "targets: "),
    ("principal_components", "too many"): (
        dict(k=6),
        "k: expected at most 5, in which the 6 images of digit 0 vary, got 6",
    ),
    ("principal_components", "none"): (dict(k=0), "from 1 to 25, the pixels of an image, got 0"),
    ("principal_components", "more than pixels"): (dict(k=26), "from 1 to 25"),
    ("principal_components", "a digit without images"): (
        dict(labels=np.arange(N) % 9),
        r"got none that is \[9\]",
    ),
    ("PrincipalSubspaces", "shapes"): (
        dict(scales=np.ones((2, 3))),
        r"got \(2, 3\), \(2, 3, 2\), \(2, 3\)",
    ),
    ("PrincipalSubspaces", "not orthonormal"): (dict(bases=np.ones((2, 3, 2))), "orthonormal"),
    ("PrincipalSubspaces", "scale of 0"): (
        dict(scales=np.zeros((2, 2))),
        "positive numbers, got 0",
    ),
    ("PrincipalSubspaces", "NaN"): (dict(centres=np.full((2, 3), np.nan)), "centres: "),
    ("nearest", "shapes"): (dict(images=np.ones((3, 4, 5))), r"got \(3, 4, 5\), \(60, 5, 5\)"),
    ("nearest", "no references"): (dict(references=np.ones((0, H, W))), r"got .*\(0, 5, 5\)"),
    ("nearest", "NaN"): (dict(references=NOWHERE), "references: expected finite"),
    ("synthesize", "NaN"): (dict(start=NOWHERE), "start: expected finite"),
    ("synthesize", "NaN in a dict"): (dict(start={"avg": NOWHERE}), "avg: expected finite"),
    ("synthesize", "one image"): (dict(start=np.ones((H, W))), r"got \(5, 5\), \(10, 10\)"),
    ("synthesize", "a class missing"): (dict(start=np.ones((9, H, W))), r"got \(9, 5, 5\)"),
    ("synthesize", "out of range"): (
        dict(start=np.full((10, H, W), 1.5)),
        r"pixels in \[0, 1\], got 1.5 to 1.5",
    ),
    ("synthesize", "targets of another length"): (
        dict(targets=np.ones((10, 9))),
        r"expected shape \(classes, 10\) for this network, got \(10, 9\)",
    ),
    ("synthesize", "NaN in targets"): (dict(targets=np.full((10, 10), np.nan)), "targets: "),
    ("synthesize", "another subspace"): (
        dict(within=PrincipalSubspaces(np.ones((2, 3)), np.ones((2, 3, 1)) / 3**0.5, [[1], [1]])),
        r"centres of shape \(10, 25\), got \(2, 3\)",
    ),
    ("synthesize", "steps"): (dict(steps=-1), "steps: expected 0 or more, got -1"),
    ("synthesize", "a step that is none"): (dict(keep=[0, 3]), r"from 0 to 2, got \[0, 3\]"),
    ("synthesize", "optimizer"): (dict(optimizer="sgd"), "one of Adam, SGD, got 'sgd'"),
    ("synthesize", "it runs away"): (
        dict(optimizer="SGD", rate=1e30, clip=False, steps=9),
        "outputs stay finite, got 1e\\+30",
    ),
}


class TestBadInput:
    @pytest.mark.parametrize("what", sorted({what for what, _ in BAD}))
    def test_what_is_good_gives_no_error(self, what):
        call(what)

    @pytest.mark.parametrize(("what", "how"), BAD)
    def test_what_is_bad_raises_a_value_error_that_says_so(self, what, how):
        changes, message = BAD[what, how]
        with pytest.raises(ValueError, match=message) as caught:
            call(what, **changes)
        assert re.search("expected .*got ", str(caught.value), re.DOTALL)
