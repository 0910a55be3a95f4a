"""Codes, their parts, and what is computed back from them, with a certificate by the network."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn

from vslib import invertible, mnist, networks
from vslib.invertible import Bijection, Classifier

NAMES = [name for name in networks.INVERTIBLE if name != "twin"]


@pytest.fixture(scope="module", params=NAMES)
def classifier(request):
    return networks.load(request.param)


@pytest.fixture(scope="module")
def plain():
    return networks.load("bijection")


@pytest.fixture(scope="module")
def images():
    return mnist.load("test")[0][:6]


def outputs(classifier, x):
    """By the module itself, in float64, on a copy."""
    copy = Classifier(Bijection(classifier.bijection.kind), nn.Linear(784, 10)).double()
    copy.load_state_dict(classifier.state_dict())
    with torch.no_grad():
        return copy(torch.tensor(np.asarray(x, dtype=float)).reshape(-1, 28, 28)).numpy()


class TestCode:
    def test_is_what_the_bijection_gives_and_comes_back(self, classifier, images):
        z = invertible.code(classifier, images)
        assert z.shape == (6, 784) and z.dtype == np.float64
        with torch.no_grad():
            short = classifier.bijection(torch.tensor(images)).numpy()
        assert_allclose(z, short, atol=1e-4)
        assert_allclose(invertible.decode(classifier, z), images, atol=1e-13)
        assert_allclose(
            invertible.ArrayBijection(classifier.bijection).forward(images), z, atol=1e-12
        )

    def test_follows_the_axes(self, plain, images):
        one, pairs = (
            invertible.code(plain, each) for each in (images[0], images.reshape(2, 3, 28, 28))
        )
        assert one.shape == (784,) and pairs.shape == (2, 3, 784)
        assert_allclose(pairs[0, 0], one, atol=1e-13)
        assert invertible.decode(plain, one).shape == (28, 28)

    def test_leaves_the_network_as_it_is(self, images):
        network = networks.build("bijection").train()
        before = networks.fingerprint(network)
        invertible.exchange(network, images[:2], images[2:4])
        assert networks.fingerprint(network) == before and network.training
        assert all(p.dtype == torch.float32 and p.requires_grad for p in network.parameters())

    @pytest.mark.parametrize("around", [torch.inference_mode, torch.no_grad])
    def test_is_the_same_whatever_is_set_around_it(self, around, plain, images):
        expected = invertible.code(plain, images)
        with around():
            assert_array_equal(invertible.code(plain, images), expected)


class TestSplit:
    def test_is_that_of_the_readout(self, classifier, images):
        signal, rejected = invertible.split(classifier, images)
        z = invertible.code(classifier, images)
        A = classifier.readout.weight.numpy().astype(float)
        expected = z @ (np.linalg.pinv(A) @ A)
        assert_allclose(signal, expected, atol=1e-11)
        assert_allclose(signal + rejected, z, atol=1e-12)
        assert_allclose(rejected @ A.T, 0, atol=1e-11)


class TestPreimage:
    def test_meets_any_output_to_1e_12(self, classifier):
        y = 10 * np.random.default_rng(0).normal(size=(20, 10))
        found = invertible.preimage(classifier, y)
        assert found.x.shape == (20, 28, 28) and found.error.shape == (20,)
        assert found.error.max() < 1e-12
        assert_allclose(outputs(classifier, found.x), y, atol=1e-12)

    def test_with_its_own_rejected_part_is_the_image(self, classifier, images):
        _, rejected = invertible.split(classifier, images)
        found = invertible.preimage(classifier, outputs(classifier, images), rejected)
        assert_allclose(found.x, images, atol=1e-11)

    def test_takes_only_the_rejected_part_of_a_code(self, plain, images):
        z = invertible.code(plain, images)
        y = np.zeros((6, 10))
        ours = invertible.preimage(plain, y, z)
        assert ours.error.max() < 1e-12
        assert_allclose(ours.x, invertible.preimage(plain, y, invertible.split(plain, images)[1]).x)

    def test_without_a_rejected_part_has_the_shortest_code(self, plain, images):
        y = outputs(plain, images)
        x = invertible.preimage(plain, y).x
        A, b = (p.numpy().astype(float) for p in (plain.readout.weight, plain.readout.bias))
        shortest = np.linalg.lstsq(A, (y - b).T, rcond=None)[0].T
        assert_allclose(invertible.code(plain, x), shortest, atol=1e-11)

    def test_of_what_a_readout_cannot_give_is_refused(self):
        network = networks.build("bijection")
        with torch.no_grad():
            network.readout.weight[1] = network.readout.weight[0]
        y = np.zeros(10)
        y[1] = 1
        with pytest.raises(
            ValueError, match="y: expected outputs that the readout of rank 9 gives"
        ):
            invertible.preimage(network, y)


class TestExchange:
    def test_gives_all_pairs_the_outputs_of_one_and_the_rejected_part_of_the_other(
        self, classifier, images
    ):
        found = invertible.exchange(classifier, images[:, None], images)
        assert found.x.shape == (6, 6, 28, 28)
        assert found.error.max() < 1e-12
        expected = np.repeat(outputs(classifier, images), 6, axis=0)
        assert_allclose(outputs(classifier, found.x), expected, atol=1e-12)
        _, rejected = invertible.split(classifier, found.x[2])
        assert_allclose(rejected, invertible.split(classifier, images)[1], atol=1e-11)
        assert_allclose(np.stack([found.x[i, i] for i in range(6)]), images, atol=1e-12)

    def test_says_the_worst_difference_of_an_output(self, plain, images):
        found = invertible.exchange(plain, images[:3], images[3:])
        again = np.abs(outputs(plain, found.x) - outputs(plain, images[:3])).max(1)
        # Two ways to compute the same within rounding, and so the difference too.
        assert_allclose(found.error, again, atol=1e-12)

    def test_notices_where_rounding_has_spoilt_the_way_back(self, images):
        network = networks.build("bijection-likelihood", seed=1)
        with torch.no_grad():
            for parameter in network.bijection.parameters():
                parameter.mul_(30).add_(0.3)
        with pytest.raises(ValueError, match=r"codes: expected images whose outputs|z: expected"):
            invertible.exchange(network, images[:3], 1e3 * images[3:])


class TestWalk:
    def test_changes_no_output_and_ends_at_the_exchange(self, classifier, images):
        found = invertible.walk(classifier, images[0], images[1], steps=7)
        assert found.x.shape == (7, 28, 28) and found.error.max() < 1e-12
        assert_allclose(found.x[0], images[0], atol=1e-12)
        end = invertible.exchange(classifier, images[0], images[1])
        assert_allclose(found.x[-1], end.x, atol=1e-11)

    def test_is_straight_in_codes_and_curved_in_pixels(self, plain, images):
        x = invertible.walk(plain, images[0], images[1], steps=3).x
        z = invertible.code(plain, x)
        assert_allclose(z[1], (z[0] + z[2]) / 2, atol=1e-11)
        half = outputs(plain, (x[0] + x[2]) / 2) - outputs(plain, x[0])
        assert np.abs(half).max() > 1

    @pytest.mark.parametrize("steps", [1, 0, -3, 2.5, "9"])
    def test_of_fewer_than_two_images_is_refused(self, steps, plain, images):
        with pytest.raises(ValueError, match="steps: expected an integer, 2 or more, got"):
            invertible.walk(plain, images[0], images[1], steps)


class TestBadInput:
    @pytest.mark.parametrize("ask", [invertible.code, invertible.split, invertible.jacobian])
    @pytest.mark.parametrize(
        "x",
        [
            np.zeros((14, 28)),
            np.zeros(784),
            np.full((28, 28), np.nan),
            "seven",
            1j * np.ones((28, 28)),
        ],
    )
    def test_that_is_no_image_is_refused(self, ask, x, plain):
        with pytest.raises(ValueError, match="x: expected"):
            ask(plain, x)

    def test_that_is_no_code_or_output_is_refused(self, plain, images):
        with pytest.raises(ValueError, match="z: expected length 784"):
            invertible.decode(plain, np.zeros(783))
        with pytest.raises(ValueError, match="y: expected length 10"):
            invertible.preimage(plain, np.zeros(9))
        with pytest.raises(ValueError, match="rejected: expected length 784"):
            invertible.preimage(plain, np.zeros(10), np.zeros(10))
        with pytest.raises(ValueError, match="x and other: expected axes that fit, got"):
            invertible.exchange(plain, images[:2], images[:3])

    def test_of_a_network_that_is_none_is_refused(self, images):
        for network in (networks.load("fc1"), None, nn.Linear(784, 10)):
            with pytest.raises(ValueError, match="classifier: expected one with a bijection and"):
                invertible.code(network, images)
        with pytest.raises(ValueError, match="got the twin, which has none"):
            invertible.exchange(networks.build("twin"), images[0], images[1])


class TestJacobian:
    def test_is_that_of_torch_func_and_of_small_differences(self, classifier, images):
        J = invertible.jacobian(classifier, images[0])
        phi = Bijection(classifier.bijection.kind).double()
        phi.load_state_dict(classifier.bijection.state_dict())
        x = torch.tensor(images[0]).double()
        forward = torch.func.jacfwd(lambda each: phi(each[None])[0])(x).detach()
        assert_allclose(J.matrix, forward.reshape(784, 784), atol=1e-12)
        expected = np.linalg.svd(forward.reshape(784, 784).numpy(), compute_uv=False)
        assert_allclose(J.singular_values, expected, atol=1e-11)
        array = invertible.ArrayBijection(classifier.bijection)
        way = np.random.default_rng(0).normal(size=(28, 28))
        step = 1e-7 * way
        slope = (array.forward((images[0] + step)[None]) - array.forward(images[:1])) / 1e-7
        assert_allclose(J.matrix @ way.ravel(), slope[0], atol=2e-3)

    def test_keeps_volume_where_couplings_add(self, classifier, images):
        J = invertible.jacobian(classifier, images[1])
        assert J.condition_number == pytest.approx(J.singular_values[0] / J.singular_values[-1])
        if classifier.bijection.kind == "additive":
            assert abs(J.log_volume) < 1e-10
            assert J.product == pytest.approx(1, abs=1e-10)
        else:
            phi = Bijection("affine").double()
            phi.load_state_dict(classifier.bijection.state_dict())
            with torch.no_grad():
                said = phi.with_logdet(torch.tensor(images[1:2]).double())[1]
            assert J.log_volume == pytest.approx(float(said), abs=1e-9)
