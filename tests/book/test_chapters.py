"""What the prose of the chapters claims, beyond what their checked cells print."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy, selu

from vslib import Subspaces, layers, mnist, networks, project
from vslib.inversion import Memory, activations, invert, remember
from vslib.networks import RECIPE, descend
from vslib.preimage import Polytope
from vslib.spaces import chance


@pytest.fixture(scope="module")
def fc1():
    return layers.matrices(networks.weights("fc1"))["layer1"]


@pytest.fixture(scope="module")
def start():
    weights = networks.weights("fc1", epoch=0)
    return weights["layer1.weight"], weights["layer1.bias"]


@pytest.fixture(scope="module")
def training():
    images, labels = mnist.load("train")
    chosen = mnist.split(0)[0][:6400]
    return images[chosen].reshape(-1, 784), labels[chosen]


@pytest.mark.parametrize("activation", [True, False])
def test_descend_is_torch_sgd_by_hand(start, training, activation):
    W, b = (torch.tensor(part, requires_grad=True) for part in start)
    sgd = torch.optim.SGD([W, b], RECIPE["learning rate"], RECIPE["momentum"])
    images, labels = training
    order = np.random.default_rng(3).permutation(len(images))
    for first in range(0, len(order), RECIPE["batch size"]):
        batch = order[first : first + RECIPE["batch size"]]
        z = torch.tensor(images[batch]) @ W.T + b
        sgd.zero_grad()
        cross_entropy(selu(z) if activation else z, torch.tensor(labels[batch])).backward()
        sgd.step()
    copies = [np.stack([part, 0 * part]) for part in start]
    W_hand, b_hand = descend(*copies, images, labels, selu=activation, epochs=1, seed=3)
    np.testing.assert_allclose(W_hand[0], W.detach(), atol=2e-6)
    np.testing.assert_allclose(b_hand[0], b.detach(), atol=2e-6)
    assert np.abs(W_hand[1] - W_hand[0]).max() > 0.01


def test_without_selu_the_sum_of_the_rows_never_moves(start, training):
    W, b = (part[None] for part in start)
    plain, with_selu = (
        descend(W, b, *training, selu=selu, epochs=2)[0][0] for selu in (False, True)
    )
    assert np.abs(plain - start[0]).max() > 0.1
    assert np.abs((plain - start[0]).sum(0)).max() < 1e-5
    assert np.abs((with_selu - start[0]).sum(0)).max() > 1e-3


def test_fc5_keeps_the_sums_of_its_last_layer():
    before, after = networks.weights("fc5", epoch=0), networks.weights("fc5")
    for key in ("layer5.weight", "layer5.bias"):
        change = after[key] - before[key]
        assert np.abs(change).max() > 0.1 and np.abs(change.sum(0)).max() < 1e-4


def test_smaller_initial_weights_make_a_larger_condition_number(start, training):
    scales = np.array([1, 0.1])
    starts = scales[:, None, None] * start[0], scales[:, None] * start[1]
    spectra = [Subspaces(W).singular_values for W in descend(*starts, *training, epochs=5)[0]]
    assert spectra[1][0] / spectra[1][9] > 3 * spectra[0][0] / spectra[0][9]
    np.testing.assert_allclose(spectra[1][:8], spectra[0][:8], rtol=0.25)


def test_figure_1_is_the_papers(fc1):
    S = Subspaces(fc1)
    assert 7 < S.condition_number < 7.6
    averages = mnist.class_averages(*mnist.load("train")).reshape(10, 784)
    residual = project(averages, fc1.values)[1][range(10), range(10)]
    left = (residual**2).sum(1) / (averages**2).sum(1)
    assert list(np.argsort(left)[:2]) == [8, 0]
    assert 0.83 < left.min() and left.max() < 0.94


def test_the_last_signal_vector_is_the_sum_of_the_initial_rows(fc1, start):
    S = Subspaces(fc1)
    total = start[0].sum(0)
    assert abs(S.signal[:, 9] @ total) / np.linalg.norm(total) > 0.9
    assert np.ptp(S.signal_out[:, 9]) < 0.05
    low, high = chance(start[0]).edges
    assert low < S.singular_values[9] < high < S.singular_values[8]


def test_the_tenth_direction_gives_no_answer(fc1):
    images, _ = mnist.load("test")
    x = images.reshape(-1, 784)
    centred = fc1.values - fc1.values.mean(0)
    assert ((x @ fc1.values.T + fc1.bias).argmax(1) == (x @ centred.T + fc1.bias).argmax(1)).all()


def test_accuracies_are_the_papers():
    expected = {"fc1": (0.91, 0.93), "fc5": (0.96, 0.975), "resnet18": (0.985, 0.995)}
    for name, (low, high) in expected.items():
        assert low < networks.card(name)["validation_accuracy"] < high


def test_most_of_an_average_digit_is_the_mean_image(training):
    """Chapter 3 once said that one direction can hold only a small share of an image."""
    images, labels = mnist.load("train")
    averages = mnist.class_averages(images, labels).reshape(10, 784)
    mean = images.mean(0, dtype=float).ravel()
    W = layers.matrices(networks.weights("fc1"))["layer1"].values
    share = 1 - (project(averages, mean)[1] ** 2).sum(1) / (averages**2).sum(1)
    assert 0.55 < share.min() < 0.57 and 0.90 < share.max() < 0.92
    centred = averages - averages.mean(0)
    left = (project(centred, W)[1][range(10), range(10)] ** 2).sum(1) / (centred**2).sum(1)
    assert 0.35 < left.min() and left.max() < 0.57
    assert (left < left[8]).sum() == 8  # with the mean, 8 is the first of ten


def test_the_learned_values_of_fc5_hide_at_the_scale_after_training():
    """Chapter 4 once said of the last layer that nothing lies above the band."""
    first, last = (layers.matrices(networks.weights("fc5", epoch)) for epoch in (0, 20))
    counts = []
    for name, layer in last.items():
        s = Subspaces(layer).singular_values
        low, high = chance(first[name], draws=1).edges
        untrained = Subspaces(first[name]).singular_values
        assert low < untrained.min() and untrained.max() < high
        ends = [chance(matrix, draws=1).edges for matrix in (first[name], layer)]
        counts.append([((s > high).sum(), (s < low).sum()) for low, high in ends])
    assert [before for before, _ in counts] == [(22, 0), (13, 0), (11, 0), (10, 0), (9, 0)]
    assert [after for _, after in counts] == [(15, 7), (10, 0), (9, 3), (5, 9), (0, 1)]


def test_with_selu_the_tenth_value_is_reached(start, training):
    """Chapter 4 once said that no training could reach it."""
    W = start[0]
    made, _ = descend(np.zeros((1, *W.shape)), np.zeros((1, 10)), *training, epochs=2)
    assert np.linalg.svd(made[0], compute_uv=False)[9] > 0.01
    made, _ = descend(np.zeros((1, *W.shape)), np.zeros((1, 10)), *training, selu=False, epochs=2)
    assert np.linalg.svd(made[0], compute_uv=False)[9] < 1e-5


def test_the_landing_shows_images_within_0_and_1_and_their_own_outputs():
    """README and the first page once showed a clipped image beside the outputs of another."""
    layer = layers.matrices(networks.weights("fc1"))["layer1"].values
    images, _ = mnist.load("test")
    seven, two = images[:2].reshape(2, 784).astype(float)
    same = Polytope((layer, layer @ seven), ((), ()), box=(0, 1))
    shown = same.nearest(two).clip(0, 1)
    np.testing.assert_allclose(layer @ shown, layer @ seven, atol=1e-9)
    other = two - Subspaces(layer).split(two - seven)[0]  # the same outputs, but no image
    assert other.min() < -0.1 and other.max() > 1.1
    clipped = other.clip(0, 1)
    assert np.abs(layer @ clipped - layer @ seven).max() > 1


def test_what_the_layers_of_fc5_give_grows_on_average():
    """Chapter 1 says so of the numbers that its control draws."""
    images, labels = mnist.load("test")
    ten = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
    x, sizes = images[ten].reshape(10, 784), []
    for name, layer in layers.matrices(networks.load("fc5")).items():
        x = x @ layer.values.T + layer.bias
        x = x if name == "layer5" else selu(torch.tensor(x)).numpy()
        sizes.append(np.abs(x).mean())
    assert (np.diff(sizes) > 0).all()


def test_the_rejected_parts_alone_bring_the_images_back():
    """Chapter 6 once gave the run the rounding of each layer, too: then it could not fail."""
    images = mnist.load("test")[0][:200].reshape(200, 784).astype(float)
    network = networks.load("fc5")
    memory = remember(network, images)
    rounding = {name: np.zeros_like(part) for name, part in memory.rounding.items()}
    bare = Memory(memory.output, memory.rejected, rounding)
    found = invert(network, memory.output, "remembered", memory=bare, partial=True)
    miss = np.abs(found.x - images).max(1)
    assert found.solved.all() and miss.max() < 1e-6
    assert 0.75 < (miss < 1e-10).mean() < 1  # not all of them: the rounding was missed


def test_newton_is_quadratic_where_no_neuron_changes_its_sign():
    images = mnist.load("test")[0][:40].reshape(40, 784).astype(float)
    network = networks.load("fc5")
    goal = remember(network, images).output
    runs = [invert(network, goal, "newton", steps=k, partial=True) for k in range(3, 8)]
    residuals = np.array([run.error for run in runs])
    signs = []
    for run in runs:
        values, above = run.x, []
        for matrix in list(layers.matrices(network).values())[:4]:
            values = activations.selu().forward(values @ matrix.values.T + matrix.bias)
            above.append(values > 0)
        signs.append(np.hstack(above))
    same = (np.diff(signs, axis=0) == 0).all(2)
    late = same & (residuals[:-1] < 1e-2) & (residuals[1:] > 1e-13)
    assert late.sum() > 20
    before, after = np.log(residuals[:-1][late]), np.log(residuals[1:][late])
    assert 1.8 < np.polyfit(before, after, 1)[0] < 2.2
    assert (after - 2 * before).max() < np.log(20)


def test_an_untrained_network_gives_one_answer_to_ten_digits_after_smaller_changes():
    """Chapter 6 once showed such images without asking what they owe to training."""
    images, labels = mnist.load("test")
    starts = images[[np.flatnonzero(labels == digit)[0] for digit in range(7)]]
    moved = {}
    for epoch in (0, 20):
        network = networks.load("fc5", epoch)
        answer = np.tile(remember(network, images[0]).output, (7, 1))
        moved[epoch] = invert(network, answer, "newton", start=starts).distance
    assert (3 * moved[0] < moved[20]).all()


def test_before_training_a_start_moves_as_far_as_chance_says():
    """Chapter 6 once gave as a reason that untrained answers lie close together."""
    images = mnist.load("test")[0][:40].reshape(40, 784).astype(float)
    starts, apart = images[1:], np.linalg.norm(images[1:] - images[0], axis=1)
    shares = {}
    for epoch, factor in ((0, 1), (0, 1000), (20, 1)):
        network = networks.load("fc5", epoch)
        with torch.no_grad():
            network[-1].weight *= factor
            network[-1].bias *= factor
        answer = np.tile(remember(network, images[0]).output, (39, 1))
        found = invert(network, answer, "newton", start=starts)
        shares[epoch, factor] = (found.distance / apart).mean()
    assert abs(shares[0, 1] / np.sqrt(10 / 784) - 1) < 0.15
    assert abs(shares[0, 1000] / shares[0, 1] - 1) < 0.01  # far apart now, and no move changed
    assert shares[20, 1] > 4 * shares[0, 1]


def test_the_mean_image_serves_the_network_as_a_bias(fc1):
    """Chapter 3 once said that a classifier has no use for what all digits have in common."""
    images, _ = mnist.load("train")
    mean = images.mean(0, dtype=float).ravel()
    mean /= np.linalg.norm(mean)
    tests, labels = mnist.load("test")
    tests = tests.reshape(-1, 784)
    amount = tests @ mean
    without = tests - np.outer(amount, mean)
    right = [
        np.mean((x @ fc1.values.T + fc1.bias).argmax(1) == labels)
        for x in (tests, without, without + amount.mean() * mean)
    ]
    assert right[1] < 0.83 and 0.9 < right[2] < right[0] - 0.01
    toward = fc1.values @ mean / np.linalg.norm(fc1.values, axis=1)
    assert toward[1] == toward.min() < -5 / 28 and toward[8] == toward.max()
    assert (toward**2).max() < 0.055


def test_the_network_is_not_blind_to_what_is_one_hands(fc1, start):
    """Chapter 3 once said that it has no use for what averaging wipes out."""
    averages = mnist.class_averages(*mnist.load("train")).reshape(10, 784)
    tests, labels = mnist.load("test")
    hands = tests.reshape(-1, 784) - averages[labels]
    kept = [
        [(Subspaces(W).split(x)[0] ** 2).sum() / (x**2).sum() for x in (hands, averages)]
        for W in (fc1, start[0])
    ]
    assert kept[0][0] > 9 * kept[1][0] and kept[0][1] > 2 * kept[0][0]


def test_ten_leading_directions_decide_worse_even_for_a_layer_of_their_own(start):
    images, labels = mnist.load("train")
    flat, chosen = images.reshape(-1, 784), mnist.split(0)[0]
    leading = np.linalg.eigh(flat.T.astype(float) @ flat)[1][:, -10:]
    shown = (flat[chosen] @ leading @ leading.T).astype(np.float32)
    W, b = descend(start[0][None], start[1][None], shown, labels[chosen])
    tests, answers = mnist.load("test")
    seen = tests.reshape(-1, 784) @ leading @ leading.T
    assert 0.80 < np.mean((seen @ W[0].T + b[0]).argmax(1) == answers) < 0.82


def test_but_for_the_last_each_output_pattern_weighs_digits_against_others(fc1):
    patterns = Subspaces(fc1).signal_out
    assert (np.ptp(np.sign(patterns), axis=0) == 2).tolist() == 9 * [True] + [False]


@pytest.mark.parametrize("method, kept", [(torch.optim.SGD, True), (torch.optim.Adam, False)])
def test_gradient_descent_keeps_the_sum_of_the_rows_and_adam_does_not(
    start, training, method, kept
):
    W, b = (torch.tensor(part, requires_grad=True) for part in start)
    images, labels = map(torch.tensor, training)
    optimiser = method([W, b], lr=1e-3)
    for first in range(0, len(labels), 64):
        optimiser.zero_grad()
        cross_entropy(images[first : first + 64] @ W.T + b, labels[first : first + 64]).backward()
        optimiser.step()
    change = W.detach() - torch.tensor(start[0])
    assert change.abs().max() > 1e-3
    assert (change.sum(0).abs().max() < 1e-5) == kept


def test_training_moved_the_rows_of_fc5_within_the_span_of_its_images():
    """Chapter 2's theorem, down to the rounding of 32-bit numbers."""
    images = mnist.load("train")[0][mnist.split()[0]].reshape(-1, 784)
    square = sum(part.astype(float).T @ part.astype(float) for part in np.array_split(images, 50))
    sizes, directions = np.linalg.eigh(square)
    outside = directions[:, sizes < 1e-11 * sizes[-1]]
    first, last = (
        layers.matrices(networks.weights("fc5", epoch=epoch))["layer1"].values
        for epoch in (0, None)
    )
    change = last - first
    assert 68 <= outside.shape[1] < 100
    assert np.linalg.norm(change @ outside) < 1e-6 * np.linalg.norm(change)
    # The rows themselves are not in the span: they began as chance had put them.
    assert np.linalg.norm(last @ outside) > 0.1 * np.linalg.norm(last)


def test_what_layers_are_given_has_turned_towards_the_rows_that_they_had():
    """Chapter 2 once said that the later layers of fc5 changed in the same way as the first."""
    flat = mnist.load("test")[0][:2000].reshape(-1, 784).astype(float)
    first, last = (layers.matrices(networks.weights("fc5", epoch=epoch)) for epoch in (0, None))
    rng = np.random.default_rng(0)

    def inputs(network):
        given = {}
        x = flat
        for name, layer in network.items():
            given[name] = x
            x = selu(torch.tensor(x @ layer.values.T + layer.bias)).numpy()
        return given

    own, trained = inputs(first), inputs(last)
    for name, of_the_fall in (("layer3", 0.39), ("layer4", 0.67), ("layer5", 0.88)):
        before, after = Subspaces(first[name]), Subspaces(last[name])
        beginning = before.rejected_energy(own[name]).mean()
        halfway = before.rejected_energy(trained[name]).mean()
        end = after.rejected_energy(trained[name]).mean()
        assert abs((beginning - halfway) / (beginning - end) - of_the_fall) < 0.1
        random = [
            Subspaces(rng.normal(size=last[name].shape)).rejected_energy(trained[name]).mean()
            for _ in range(6)
        ]
        assert halfway < min(random) - 0.09
        assert abs(np.mean(random) - (1 - before.rank / last[name].shape[1])) < 0.04


def test_a_random_change_does_not_keep_the_condition_number_of_a_convolution():
    """Chapter 5: that the trained and the untrained layer are alike is an accident."""
    name = "layer1.0.conv1"
    last, first = (
        layers.matrices(networks.load("resnet18", epoch=epoch))[name].values for epoch in (None, 0)
    )

    def condition_number(weights):
        """By the powers of the matrix and of its inverse, which is quicker than its spectrum."""
        maps = torch.eye(3136, dtype=torch.float64).reshape(3136, 64, 7, 7)
        kernels = torch.tensor(weights.reshape(64, 64, 3, 3))
        A = torch.nn.functional.conv2d(maps, kernels, padding=1).reshape(3136, 3136).numpy()
        product = 1.0
        for matrix in (A, np.linalg.inv(A)):
            x = np.ones(3136)
            for _ in range(40):
                x = matrix.T @ (matrix @ (x / np.linalg.norm(x)))
            product *= np.linalg.norm(x) ** 0.5
        return product

    noise = np.random.default_rng(0).normal(size=(64, 64, 3, 3)).reshape(last.shape)
    noise *= np.linalg.norm(last - first) / np.linalg.norm(noise)
    assert 3_700 < condition_number(first + noise) < 3_900
