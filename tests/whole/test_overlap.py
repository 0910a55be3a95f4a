"""Principal angles against scipy's, chance against draws of one's own."""

import numpy as np
import pytest
from scipy.linalg import subspace_angles

from vslib.whole import overlap

RANDOM = np.random.default_rng(0)


def basis(n, p):
    return np.linalg.qr(RANDOM.normal(size=(n, p)))[0]


@pytest.mark.parametrize(("p", "q"), [(3, 3), (2, 5), (6, 1)])
def test_angles_are_those_of_scipy(p, q):
    a, b = basis(20, p), basis(20, q)
    found = overlap(a, b)
    assert np.allclose(found.angles, np.sort(subspace_angles(a, b)), atol=1e-9)
    assert found.mean == pytest.approx(np.sum((a.T @ b) ** 2) / min(p, q))


@pytest.mark.parametrize(("p", "q"), [(3, 3), (2, 5), (6, 1)])
def test_chance_is_what_draws_show(p, q):
    drawn = [overlap(basis(20, p), basis(20, q)).mean for _ in range(600)]
    found = overlap(basis(20, p), basis(20, q))
    assert np.mean(drawn) == pytest.approx(found.chance, abs=4 * np.std(drawn) / np.sqrt(600))
    assert np.std(drawn) == pytest.approx(found.chance_spread, rel=0.25)


def test_a_space_and_itself():
    a = basis(9, 4)
    assert overlap(a, a).mean == pytest.approx(1)


@pytest.mark.parametrize(
    ("space", "other", "said"),
    [
        (np.ones((4, 2)), np.eye(4), "space: expected orthonormal columns"),
        (np.eye(4), np.eye(4)[:, :0], "other"),
        (np.eye(4), np.eye(5), "expected subspaces of the same R"),
    ],
)
def test_refused(space, other, said):
    with pytest.raises(ValueError, match=said):
        overlap(space, other)
