"""The drill: Python and the page make one exercise of a seed, and the page's marks are fair."""

from fractions import Fraction

import numpy as np
import pytest

from vslib import Subspaces
from vslib.show import exact, exercises, widgets
from vslib.show.exercises import KINDS, LEVELS, exercise

SPACES = ("signal", "rejected", "signal_out", "rejected_out")
EVERY = [(kind, level) for kind in KINDS for level in LEVELS]
every_kind = pytest.mark.parametrize("kind, level", EVERY)
DENOMINATORS = {"projection": (1, 3, 9), "pseudoinverse": (30, 12, 36)}
LOAD = """async (source) => {
  globalThis.m = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  globalThis.plain = (asked) => JSON.parse(JSON.stringify(asked), (key, value) =>
    Array.isArray(value) && value.length === 2 && value.every(Number.isInteger)
      ? `${value[0]}/${value[1]}` : value);
}"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page()
    page.evaluate(LOAD, widgets.drill().children[-1]._esm)
    yield page
    page.close()


def plain(value):
    """Numbers as "n/d", in lists and dicts: as the page tells them."""
    if isinstance(value, dict):
        return {key: each if key == "rank" else plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    fraction = Fraction(value)
    return f"{fraction.numerator}/{fraction.denominator}"


# ---- One exercise of a seed


@every_kind
def test_python_and_the_page_make_the_same_exercise(page, kind, level):
    call = """([kind, level]) => Array.from({ length: 500 }, (_, i) => {
      const { W, x, answers } = m.exercise(kind, level, i + 1);
      return plain({ W, x, answers });
    })"""
    found = page.evaluate(call, [kind, level])
    for seed, given in enumerate(found, 1):
        made = exercise(kind, level, seed)
        assert given["W"] == plain(made.W)
        assert given["x"] == (made.x and plain(made.x))
        assert given["answers"] == plain(made.answers)


# ---- The answers are right and clean


@every_kind
def test_exercises_are_clean_and_as_said(kind, level):
    for seed in range(1, 501):
        made = exercise(kind, level, seed)
        W = np.array(made.W)
        assert abs(W).max() <= 6 and W.any(0).all() and W.any(1).all()
        shapes, ranks, most = exercises.RULES[kind][level - 1]
        assert W.shape in shapes and made.answers["rank"] in ranks
        if kind == "subspaces":
            vectors = [v for space in SPACES for v in made.answers[space]]
            assert max(abs(entry) for v in vectors for entry in v) <= 9
            assert all(np.gcd.reduce(v) == 1 for v in vectors)
            continue
        assert most == DENOMINATORS[kind][level - 1]
        if kind == "projection":
            assert max(map(abs, made.x)) <= 6
            assert any(made.answers["signal"]) and any(made.answers["rejected"])
        parts = [made.answers[key] for key in ("signal", "rejected") if key in made.answers]
        parts = parts or made.answers["pseudoinverse"]
        assert max(entry.denominator for part in parts for entry in part) <= most


@every_kind
def test_answers_are_those_of_numpy(kind, level):
    for seed in range(1, 501):
        made = exercise(kind, level, seed)
        W, S, found = np.array(made.W, float), Subspaces(made.W), made.answers
        assert S.rank == found["rank"] == np.linalg.matrix_rank(W)
        if kind == "subspaces":
            for name in SPACES:
                mine, theirs = np.array(found[name], float).T, getattr(S, name)
                assert theirs.shape[1] == len(found[name])
                if len(found[name]):
                    assert np.linalg.matrix_rank(mine) == len(found[name])
                    assert abs(mine - theirs @ theirs.T @ mine).max() < 1e-9
        elif kind == "projection":
            parts = S.split(made.x)
            assert abs(np.array(found["signal"], float) - parts[0]).max() < 1e-9
            assert abs(np.array(found["rejected"], float) - parts[1]).max() < 1e-9
        else:
            mine = np.array(found["pseudoinverse"], float)
            assert abs(mine - np.linalg.pinv(W)).max() < 1e-9


def test_ranks_and_exercises_vary():
    for kind, level in EVERY:
        made = [exercise(kind, level, seed) for seed in range(1, 301)]
        assert len({str((each.W, each.x)) for each in made}) > 200
        counts = [sum(each.answers["rank"] == r for each in made) for r in (1, 2)]
        ranks = exercises.RULES[kind][level - 1][1]
        assert all(count > 100 for count, r in zip(counts, (1, 2), strict=True) if r in ranks)


def test_fractions_are_exact_for_any_small_matrix():
    rng = np.random.default_rng(0)
    for _ in range(300):
        W = rng.integers(-9, 10, rng.integers(1, 5, 2))
        if rng.random() < 0.5:
            W[-1] = W[0]
        W = W if W.any() else np.ones_like(W)
        rows = W.tolist()
        R, pivots = exact.reduced(rows)
        assert len(pivots) == np.linalg.matrix_rank(W)
        assert (np.array(R, float)[:, pivots] == np.eye(len(W))[:, : len(pivots)]).all()
        X = exact.pseudoinverse(rows)
        assert abs(np.array(X, float) - np.linalg.pinv(W.astype(float))).max() < 1e-9
        for A, B in ((rows, X), (X, rows)):  # Penrose's four, exactly
            assert exact.product(exact.product(A, B), A) == A
            both = exact.product(A, B)
            assert both == exact.transposed(both)
    with pytest.raises(ValueError, match="expected independent rows"):
        exact.inverse([[1, 2], [2, 4]])
    with pytest.raises(ValueError, match="other than zero"):
        exact.pseudoinverse([[0, 0]])


@pytest.mark.parametrize(
    "asked", [("planes", 1, 1), ("projection", 4, 1), ("projection", 1, 0), ("projection", 1, 1.0)]
)
def test_what_is_no_exercise_is_refused(asked):
    with pytest.raises(ValueError, match="expected"):
        exercise(*asked)


@pytest.mark.parametrize("kinds", [[], ["projection"] * 2, ["planes"]])
def test_kinds_that_do_not_exist_are_refused(kinds):
    with pytest.raises(ValueError, match="expected"):
        widgets.drill(kinds)


# ---- The marks are fair


def written(rng, value):
    """A fraction as one of the ways in which a reader writes it."""
    value, k = Fraction(value), int(rng.integers(1, 4))
    top, bottom = value.numerator, value.denominator
    ways = [f"{k * top}/{k * bottom}", f" {top} / {bottom} ".replace("-", "−")]
    if bottom == 1:
        ways += [str(top), f"{top}.0", f"+{top}" if top > 0 else str(top).replace("-", "−")]
    if bottom in (2, 4, 5):
        ways += [str(float(value)), str(float(value)).replace(".", ",")]
    return ways[rng.integers(len(ways))]


def spanned(rng, basis):
    """Another basis of the same space."""
    k = len(basis)
    while True:
        T = [
            [Fraction(int(rng.integers(-4, 5)), int(rng.integers(1, 4))) for _ in range(k)]
            for _ in range(k)
        ]
        if len(exact.reduced(T)[1]) == k:
            return exact.product(T, basis)


def marks(page, tries):
    """What the page says of [(kind, level, seed, key, texts)]."""
    call = """(tries) => tries.map(([kind, level, seed, key, texts]) => {
      const asked = m.exercise(kind, level, seed);
      if (key === "rank") return m.markRank(asked, texts);
      if (kind === "subspaces") return m.markBasis(asked, key, texts);
      return kind === "projection" ? m.markParts(asked, texts)[key] : m.markInverse(asked, texts);
    })"""
    return page.evaluate(call, tries)


def of_texts(rng, rows):
    return [[written(rng, entry) for entry in row] for row in rows]


def test_any_basis_of_the_right_space_is_right(page):
    rng, tries = np.random.default_rng(1), []
    while len(tries) < 1000:
        level, seed = (int(rng.integers(1, high)) for high in (4, 10_000))
        name = SPACES[rng.integers(4)]
        basis = exercise("subspaces", level, seed).answers[name]
        given = spanned(rng, basis) if basis else []
        tries.append(("subspaces", level, seed, name, of_texts(rng, given)))
    found = marks(page, tries)
    assert [(a, b) for a, b in zip(tries, found, strict=True) if not b["right"]] == []


def test_no_other_vectors_are_right(page):
    """Random vectors, near misses, vectors of the other spaces: right exactly if they are."""
    rng, tries, expected = np.random.default_rng(2), [], []
    while len(tries) < 1000:
        level, seed = (int(rng.integers(1, high)) for high in (4, 10_000))
        made = exercise("subspaces", level, seed)
        name = SPACES[rng.integers(4)]
        basis = made.answers[name]
        size = len(made.W) if name.endswith("out") else len(made.W[0])
        way = rng.integers(4)
        if way == 0 or not basis:
            given = rng.integers(-2, 3, (rng.integers(0, size + 1), size)).tolist()
        elif way == 1:
            given = spanned(rng, basis)
            given[-1][rng.integers(size)] += int(rng.choice([-1, 1]))
        elif way == 2:
            given = (spanned(rng, basis) * 2)[: rng.choice([len(basis) - 1, len(basis) + 1])]
        else:
            same = [k for k in SPACES if k.endswith("out") == name.endswith("out") and k != name]
            given = made.answers[same[0]]
        theirs = getattr(Subspaces(made.W), name)
        mine = np.array(given, float).reshape(-1, size).T
        inside = abs(mine - theirs @ (theirs.T @ mine)).max(initial=0) < 1e-9
        count = mine.shape[1]
        right = inside and count == theirs.shape[1]
        right = right and (count == 0 or np.linalg.matrix_rank(mine) == count)
        expected.append(bool(right))
        tries.append(("subspaces", level, seed, name, of_texts(rng, given)))
    found = marks(page, tries)
    assert [mark["right"] for mark in found] == expected
    assert 10 < sum(expected) < 300
    assert all(mark["words"].endswith(".") for mark in found)


@pytest.mark.parametrize("kind", ["projection", "pseudoinverse"])
def test_numbers_are_right_if_and_only_if_they_are_equal(page, kind):
    rng, tries, expected = np.random.default_rng(3), [], []
    while len(tries) < 1000:
        level, seed = (int(rng.integers(1, high)) for high in (4, 10_000))
        answers = exercise(kind, level, seed).answers
        keys = ("signal", "rejected") if kind == "projection" else ("pseudoinverse",)
        rows = [answers[key] for key in keys] if kind == "projection" else answers[keys[0]]
        off = bool(rng.random() < 0.5)
        given, key = [list(row) for row in rows], int(rng.integers(len(keys)))
        i = key if kind == "projection" else int(rng.integers(len(rows)))
        if off:
            given[i][rng.integers(len(given[i]))] += Fraction(1, int(rng.integers(1, 50)))
        texts = of_texts(rng, given)
        if kind == "projection":
            texts = dict(zip(keys, texts, strict=True))
        tries.append((kind, level, seed, keys[key], texts))
        expected.append(
            (
                not off,
                sum(
                    a != b
                    for r, g in zip(rows, given, strict=True)
                    for a, b in zip(r, g, strict=True)
                ),
            )
        )
    found = marks(page, tries)
    assert [(mark["right"], len(mark["wrong"])) for mark in found] == expected


def test_a_rank_is_right_if_it_is_the_rank(page):
    tries = [("subspaces", 1, s, "rank", str(k)) for s in range(1, 51) for k in range(4)]
    expected = [exercise(*t[:3]).answers["rank"] == int(t[4]) for t in tries]
    assert [mark["right"] for mark in marks(page, tries)] == expected


def test_what_is_no_number_is_named(page):
    words = ["a", "1/0", "1/2/3", "1//2", "--1", "1e3", "½", "1.2.3", ".", "1/", "9999999"]
    tries = [
        ("projection", 1, 7, "signal", {"signal": [w, "1", "1"], "rejected": ["1"] * 3})
        for w in words
    ]
    for word, mark in zip(words, marks(page, tries), strict=True):
        assert (
            mark["words"].startswith("Entry 1: expected a number such as") and word in mark["words"]
        )
    tries = [("projection", 1, 7, "signal", {"signal": ["1", " ", "1"], "rejected": ["1"] * 3})]
    assert marks(page, tries)[0]["words"] == "Entry 2 is empty."
