"""Where a convolution's kernel stands, and what may say so."""

import numpy as np
import pytest
import torch

from vslib.layers import geometry


class TestPair:
    @pytest.mark.parametrize("kind", [int, np.int64, np.int8, np.uint16])
    @pytest.mark.parametrize("value", [(2, 2), 2, [2, 2], (2, np.int32(2)), np.array([2, 2])])
    def test_takes_the_integers_of_python_and_numpy(self, kind, value):
        value = kind(value) if isinstance(value, int) else value
        both = geometry.pair("stride", value, least=1)
        assert both == (2, 2) and all(type(one) is int for one in both)

    @pytest.mark.parametrize(
        "value",
        [True, 2.0, np.float32(2), "2", None, (1, True), (1.5, 2), (1, 2, 3), (), 0, (2, 0)],
    )
    def test_refuses_all_else_by_its_name(self, value):
        with pytest.raises(ValueError, match=r"^stride: expected 1 or more, or a pair"):
            geometry.pair("stride", value, least=1)

    @pytest.mark.parametrize("padding", ["same", "valid", 1, (0, 2), np.int64(1)])
    def test_paddings_are_those_of_torch(self, padding):
        plain = padding if isinstance(padding, str | tuple) else int(padding)
        conv = torch.nn.Conv2d(1, 1, (3, 4), padding=plain, dilation=(2, 1))
        (top, bottom), (left, right) = geometry.paddings(padding, (3, 4), (2, 1))
        assert [left, right, top, bottom] == list(conv._reversed_padding_repeated_twice)
