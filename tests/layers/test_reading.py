"""Layers by name: what they print, how they compare, what an unknown name says."""

import copy
import dataclasses
import pickle

import numpy as np
import pytest
from torch import nn

from vslib import Subspaces, networks
from vslib.layers import LayerMatrix, Layers, UnknownLayerError, matrices


def layer(name="a", values=None, **changes):
    values = np.eye(2, 3) if values is None else values
    return dataclasses.replace(LayerMatrix(name, "weight", values, np.ones(2), ()), **changes)


class TestLayerMatrix:
    def test_is_equal_to_one_with_the_same_numbers(self):
        one, other = layer(), layer(values=np.eye(2, 3))
        assert one == other and hash(one) == hash(other) and len({one, other}) == 1
        assert one == dataclasses.replace(other, source="unit vectors")

    @pytest.mark.parametrize(
        "changes",
        [
            {"name": "b"},
            {"reading": "filters"},
            {"values": np.zeros((2, 3))},
            {"values": np.eye(3)},
            {"bias": None},
            {"bias": np.zeros(2)},
            {"kernel_shape": (3,)},
            {"precision": 2.0**-23},
        ],
    )
    def test_is_not_equal_to_another_one(self, changes):
        assert layer() != layer(**changes) and layer() != "a" and layer() is not None

    def test_has_the_precision_that_subspaces_judge_by(self):
        found = matrices(networks.weights("fc1"))["layer1"]
        assert found.precision == 2.0**-23
        assert matrices(nn.Linear(2, 3).double())[""].precision == 2.0**-52
        W = np.diag([1, 1e-9])
        assert Subspaces(layer(values=W)).rank == 2

    def test_can_be_stored_and_copied(self):
        assert pickle.loads(pickle.dumps(layer())) == copy.deepcopy(layer()) == layer()


class TestLayers:
    def test_print_as_a_short_table(self):
        said = str(matrices(networks.weights("resnet18"))).splitlines()
        assert len(said) == 23
        assert said[0].split() == ["layer", "reading", "shape"]
        assert said[1].split() == ["conv1", "kernels", "64", "x", "49"]
        assert said[21] == "... and 1 more, the last one fc"
        assert said[22].startswith("20 skipped") and "layer4.1.bn2" in said[22]

    def test_print_thousands_as_shortly(self):
        many = Layers({f"layer{n}": layer(f"layer{n}") for n in range(3000)})
        assert len(repr(many).splitlines()) == 22 and "2980 more" in repr(many)
        assert repr(Layers()).split() == ["layer", "reading", "shape"]

    def test_of_an_unknown_name_suggest_the_last_ones_too(self):
        many = Layers({f"encoder.{n}.fc": layer() for n in range(90)} | {"head": layer()})
        with pytest.raises(UnknownLayerError, match=r"like head; got 'heed'"):
            many["heed"]
        with pytest.raises(UnknownLayerError, match=r"encoder\.0\.fc, .*\.\.\., .*, head; got 'x'"):
            many["x"]
        with pytest.raises(UnknownLayerError, match=r"like encoder\.89\.fc"):
            many["89"]
        with pytest.raises(UnknownLayerError, match=r"like ''; got 'fc'"):
            matrices(nn.Linear(2, 2))["fc"]

    def test_of_a_skipped_name_say_why(self):
        found = matrices(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))
        with pytest.raises(UnknownLayerError, match=r"^1: not read as a matrix: BatchNorm1d"):
            found["1"]
        assert found.get("1") is None and "1" not in found

    def test_keep_their_reasons_when_stored(self):
        found = matrices(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))
        again = pickle.loads(pickle.dumps(found))
        assert again == found and again.skipped == found.skipped
