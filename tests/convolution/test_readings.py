"""Four readings of one layer: each with its own matrix, spectrum and signal vectors."""

import gc
import weakref

import numpy as np
import pytest
from torch import manual_seed, nn

from vslib import Subspaces, layers
from vslib.convolution.network import conv_operators
from vslib.convolution.operator import ConvOperator
from vslib.convolution.readings import READINGS, readings
from vslib.layers.matrices import UnknownLayerError


@pytest.fixture(scope="module")
def network():
    manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 20, 3, padding=1), nn.ReLU(), nn.Conv2d(20, 4, 3, padding=1))


@pytest.fixture(scope="module")
def found(network):
    return readings(network, (1, 6, 6), ["0", "2"], k=5)


def test_each_says_its_name_its_reading_and_its_shape(found):
    assert [str(one) for one in found["2"]] == [
        "2, kernels, 80 x 9",
        "2, filters, 4 x 180",
        "2, operator, circular, 144 x 720",
        "2, operator, zeros, 144 x 720",
    ]
    assert [one.reading for one in found["0"]] == list(READINGS)


def test_spectra_are_those_of_the_matrices(network, found):
    kernels, filters, circular, zeros = found["2"]
    for one in (kernels, filters):
        space = Subspaces(layers.matrices(network, one.reading)["2"])
        np.testing.assert_array_equal(one.singular_values, space.singular_values)
        assert one.condition_number == space.condition_number
    for one, mode in ((circular, "circular"), (zeros, "zeros")):
        operator = ConvOperator.of(network[2], (20, 6, 6), mode)
        dense = Subspaces(operator.matmat(np.eye(720)))
        np.testing.assert_allclose(one.singular_values, dense.singular_values)
        assert one.condition_number == pytest.approx(dense.condition_number)


def test_pictures_show_the_channels_with_the_most_energy(network, found):
    kernels, filters, _, zeros = found["2"]
    space = Subspaces(layers.matrices(network)["2"])
    np.testing.assert_array_equal(kernels.pictures.reshape(5, 9), space.signal_vectors[:5])
    space = Subspaces(layers.matrices(network, "filters")["2"])
    assert filters.pictures.shape == (4, 12, 12)
    channels = space.signal_vectors[0].reshape(20, 3, 3)
    order = np.argsort(-(channels**2).sum((1, 2)))
    np.testing.assert_array_equal(filters.pictures[0, :3, 3:6], channels[order[1]])
    np.testing.assert_array_equal(filters.pictures[0, 9:, 9:], channels[order[15]])
    maps = ConvOperator.of(network[2], (20, 6, 6)).signal_vectors(5)
    strongest = (maps**2).sum((2, 3)).argmax(1)
    np.testing.assert_allclose(zeros.pictures, maps[range(5), strongest])


def test_a_filter_of_one_channel_is_shown_whole(found):
    assert found["0"][1].pictures.shape == (5, 3, 3)


def test_an_unknown_layer_is_said(network):
    with pytest.raises(UnknownLayerError, match="got '1'"):
        readings(network, (1, 6, 6), ["1"])


def test_a_layer_too_large_is_refused_before_anything_is_computed(monkeypatch):
    network = nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.Conv2d(64, 64, 3, padding=1))
    monkeypatch.setattr(np.linalg, "svd", None)
    monkeypatch.setattr(np.linalg, "eigvalsh", None)
    with pytest.raises(ValueError, match=r"200704 x 200704.*expected a Gram matrix that fits"):
        readings(network, (3, 56, 56), ["1"])


def test_a_layer_of_zeros_has_zeros():
    network = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1))
    nn.init.zeros_(network[0].weight)
    for reading in readings(network, (1, 4, 4), ["0"])["0"]:
        assert not reading.singular_values.any() and not reading.pictures.any()
        assert reading.condition_number == np.inf


def test_operators_of_named_layers_alone_are_those_of_all(network):
    everything, two = (conv_operators(network, (1, 6, 6), names=n) for n in (None, ["2"]))
    assert list(everything) == ["0", "2"] and list(two) == ["2"]
    assert np.array_equal(two["2"] @ np.eye(720), everything["2"] @ np.eye(720))
    for wrong in ("1", "first"):
        with pytest.raises(UnknownLayerError, match=wrong):
            conv_operators(network, (1, 6, 6), names=["0", wrong])


@pytest.mark.parametrize("mode", ["zeros", "circular"])
def test_an_operator_that_was_asked_does_not_keep_itself_alive(network, mode):
    (operator,) = conv_operators(network, (1, 6, 6), mode, names=["2"]).values()
    assert operator.rank == 144 and len(operator.signal_vectors(3)) == 3
    seen = weakref.ref(operator)
    gc.disable()
    try:
        del operator
        assert seen() is None
    finally:
        gc.enable()
