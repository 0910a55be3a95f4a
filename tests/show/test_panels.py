"""What a panel shows travels whole, within half a level of a byte; what does not fit is said."""

import numpy as np
import pytest
from controls import R, W, X, Y, Z, browse, mix, projection, spec, unpack

from vslib.show.packing import exact, grey, signed
from vslib.show.panels import enlarged


def test_grey_values_keep_to_half_a_level():
    packed = grey(X, 1)
    assert (packed["type"], packed["shape"], packed["axes"]) == ("uint8", [3, 4, 5], 1)
    np.testing.assert_allclose(unpack(packed), X, atol=0.5001 / 255)


def test_signed_values_keep_to_half_a_level_of_the_scale():
    packed = signed(R, 1)
    assert packed["scales"] == [abs(R).max()]
    top = packed["scales"][0]
    np.testing.assert_allclose(top * unpack(packed["frames"]), R, atol=0.5001 * top / 127)


def test_a_given_scale_cuts_what_is_beyond_it():
    packed = signed(R, 1, 0.5)
    assert packed["scales"] == [0.5]
    expected = np.clip(R, -0.5, 0.5)
    np.testing.assert_allclose(0.5 * unpack(packed["frames"]), expected, atol=0.26 / 127)


def test_each_frame_may_have_its_own_scale():
    frames = np.stack([R, 1e-9 * R, 0 * R])
    packed = signed(frames, 2, "frame")
    tops = abs(frames).max((2, 3))
    np.testing.assert_allclose(np.reshape(packed["scales"], (3, 3)), tops)
    got = tops[..., None, None] * unpack(packed["frames"])
    assert (abs(got - frames) <= 0.5001 / 127 * tops[..., None, None]).all()


def test_what_is_computed_with_travels_as_float32():
    assert exact(R, 1)["type"] == "float32"
    np.testing.assert_array_equal(unpack(exact(R, 1)), R.astype(np.float32))
    given = spec(projection())
    np.testing.assert_array_equal(unpack(given["weights"]), W.astype(np.float32))
    block = spec(mix())["blocks"][1]
    for name, values in (("images", X), ("rejected", R), ("outputs", Y), ("rejected_outputs", Z)):
        np.testing.assert_array_equal(unpack(block[name]), values[1].astype(np.float32))


def test_panels_keep_their_titles_scales_and_marks():
    fixed, _, common, own, bars, line = spec(browse())["panels"]
    assert fixed["axes"] == [] and common["axes"] == [0, 1]
    assert len(common["scales"]) == 1 and len(own["scales"]) == 6
    assert own["title"] == "own (each on its own scale)"
    assert bars["range"][0] < -2 and bars["range"][1] > 5
    assert line["mark"] == 1 and line["labels"] == ["a", "b", "c"]


def test_pictures_of_different_sizes_are_enlarged_by_whole_pixels():
    small, large = np.arange(4).reshape(2, 2), np.arange(9).reshape(3, 3)
    found = enlarged([small, large], 6)
    assert found.shape == (2, 6, 6)
    np.testing.assert_array_equal(found[0][::3, ::3], small)
    np.testing.assert_array_equal(found[0][2::3, 2::3], small)
    np.testing.assert_array_equal(found[1][1::2, ::2], large)


@pytest.mark.parametrize("shape", [(4, 4), (2, 3)])
def test_pictures_that_do_not_fill_the_side_are_refused(shape):
    with pytest.raises(ValueError, match=r"divides 6, got one of \d x \d"):
        enlarged([np.ones(shape)], 6)
