"""The drill: Python and the page make one exercise of a seed, and the page's marks are fair."""

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from seen import Seen
from visit import contrasts

from vslib import Subspaces
from vslib.show import exact, exercises, sheet, widgets
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


# ---- Slips have names

# subspaces-1-7 has W = (2 -4 -4; 1 -2 -2): rank 1.
SLIPS = {
    ("signal", (("2", "1", "0"),)): "lies in RejSignal(W), the null space, not in Signal(W)",
    ("rejected", (("1", "-2", "-2"), ("2", "1", "0"))): "Vector 1, (1, −2, −2), lies in Signal(W)",
    ("signal", (("1", "2", "-2"),)): "would be with the sign of entry 2 changed",
    ("signal", (("1", "-2", "-2"), ("2", "-4", "-4"))): "vector 2 is a combination of those before",
    ("signal", (("1", "1", "0"),)): "it is no combination of the rows of W",
    ("signal", (("0", "0", "0"),)): "Vector 1 is zero",
    ("signal", ()): "The dimension is not 0",
    ("rejected", (("2", "1", "0"),)): "more is needed. The dimension is not 1",
    ("rejected", (("1", "1", "1"), ("2", "1", "0"))): "W times it is (−6, −3), not zero",
    ("signal_out", (("1", "0"),)): "is a column of the reduced matrix",
    ("signal_out", (("1", "-2"),)): "lies in RejSignalOut(W), the left null space",
    ("rejected_out", (("2", "3"),)): "Wᵀ times it is (7, −14, −14), not zero",
    ("rejected_out", None): "Choose the dimension first.",
}


def test_the_slips_of_bases_are_named(page):
    assert exercise("subspaces", 1, 7).W == [[2, -4, -4], [1, -2, -2]]
    found = marks(page, [("subspaces", 1, 7, key, texts) for key, texts in SLIPS])
    for words, mark in zip(SLIPS.values(), found, strict=True):
        assert words in mark["words"] and not mark["right"]
    square = next(s for s in range(1, 99) if exercise("subspaces", 3, s).answers["rank"] == 2)
    texts = of_texts(
        np.random.default_rng(0), exercise("subspaces", 3, square).answers["signal_out"]
    )
    (mark,) = marks(page, [("subspaces", 3, square, "signal", texts)])
    assert "that is a space of the outputs, this one of the inputs" in mark["words"]


def test_wrong_ranks_are_told_why(page):
    two = next(s for s in range(1, 99) if exercise("subspaces", 1, s).answers["rank"] == 2)
    asked = [(7, "2"), (7, "3"), (7, "0"), (two, "1"), (7, ""), (7, "x")]
    said = ["all rows are multiples", "rank 2 at most", "Only the zero matrix", "Too small"]
    said += ["Nothing is written", "Expected a whole number, got “x”"]
    found = marks(page, [("subspaces", 1, seed, "rank", text) for seed, text in asked])
    for words, mark in zip(said, found, strict=True):
        assert words in mark["words"] and not mark["right"]


def test_the_slips_of_projections_are_named(page):
    rng = np.random.default_rng(4)
    named = {"rejected": 0, "shadows": 0, "alone": 0, "bare": 0, "other": 0}
    for seed in range(1, 60):
        made = exercise("projection", 2, seed)
        W, x, found = made.W, made.x, made.answers
        shadows = [
            [
                Fraction(sum(a * b for a, b in zip(w, x, strict=True)), sum(a * a for a in w)) * a
                for a in w
            ]
            for w in W
        ]
        bare = [sum(a * b for a, b in zip(W[0], x, strict=True)) * a for a in W[0]]
        tried = {
            "rejected": (found["rejected"], "This is the rejected part"),
            "shadows": (
                [a + b for a, b in zip(*shadows, strict=True)],
                "added up. The rows are not orthogonal",
            ),
            "alone": (shadows[1], "This is the projection onto row 2 alone"),
            "bare": (bare, "not divided by w · w"),
            "other": ([2 * a for a in found["signal"]], "x minus it is not orthogonal to row"),
        }
        for name, (given, words) in tried.items():
            texts = {"signal": [written(rng, a) for a in given], "rejected": ["0"] * 3}
            (mark,) = marks(page, [("projection", 2, seed, "signal", texts)])
            assert mark["right"] == (given == found["signal"])
            named[name] += words in mark["words"]
        texts = {"signal": ["1", "1", "1"], "rejected": [written(rng, a - 1) for a in x]}
        (mark,) = marks(page, [("projection", 2, seed, "rejected", texts)])
        assert "the slip lies there" in mark["words"] or mark["right"]
    assert min(named.values()) > 20


def test_rounded_numbers_are_asked_for_exactly(page):
    def thirds(seed):
        return exercise("projection", 2, seed).answers["signal"]

    seed = next(s for s in range(1, 99) if any(a.denominator == 3 for a in thirds(s)))
    given = {"signal": [f"{float(a):.3f}" for a in thirds(seed)], "rejected": ["0"] * 3}
    (mark,) = marks(page, [("projection", 2, seed, "signal", given)])
    assert mark["words"].endswith("is rounded. Write the exact fraction.")


def test_the_slips_of_pseudoinverses_are_named(page):
    rng = np.random.default_rng(5)
    for level in LEVELS:
        made = exercise("pseudoinverse", level, 3)
        X = made.answers["pseudoinverse"]
        other = [[a + (j == 0) for j, a in enumerate(row)] for row in X]
        tried = {
            "This is Wᵀ.": exact.transposed(made.W),
            "This is 3 times the pseudoinverse.": [[3 * a for a in row] for row in X],
            "with your X.": other,
        }
        found = marks(
            page, [("pseudoinverse", level, 3, "", of_texts(rng, each)) for each in tried.values()]
        )
        for words, mark in zip(tried, found, strict=True):
            assert words in mark["words"] and "cells are right." in mark["words"]


def test_inverses_of_other_kinds_are_told_which_of_penroses_conditions_fails(page):
    """X = W^+ + N with N of the null space is a right inverse, but its answers are too long."""
    rng = np.random.default_rng(6)
    seed = next(s for s in range(1, 99) if len(exercise("pseudoinverse", 2, s).W) == 2)
    made = exercise("pseudoinverse", 2, seed)
    n = exact.spaces(made.W)["rejected"][0]
    X = [
        [a + (j == 0) * n[i] for j, a in enumerate(row)]
        for i, row in enumerate(made.answers["pseudoinverse"])
    ]
    (mark,) = marks(page, [("pseudoinverse", 2, seed, "", of_texts(rng, X))])
    assert "X W is not symmetric" in mark["words"]


# ---- The solution


@every_kind
def test_the_solution_says_the_answers(page, kind, level):
    call = """([kind, level, seed]) => m.steps(m.exercise(kind, level, seed)).map((step) =>
      step.map((block) => (Array.isArray(block) ? [block[0], plain(block[1])] : block)))"""

    def listed(vector):
        return "(" + ", ".join(str(a).replace("-", "−") for a in vector) + ")"

    for seed in range(1, 101):
        made = exercise(kind, level, seed)
        steps = page.evaluate(call, [kind, level, seed])
        assert all(step[0] and len(step) > 1 for step in steps)
        text = "\n".join(block for step in steps for block in step if isinstance(block, str))
        assert "undefined" not in text and "NaN" not in text
        if kind == "pseudoinverse":
            matrices = [block for step in steps for block in step if isinstance(block, list)]
            assert plain(made.answers["pseudoinverse"]) in [rows for _, rows in matrices]
            assert matrices[-1] == ["W W⁺ W", plain(made.W)]
        else:
            vectors = [v for k in SPACES for v in made.answers.get(k, [])]
            if kind == "projection":
                vectors = [made.answers["signal"], made.answers["rejected"]]
            assert all(listed(vector) in text for vector in vectors)


# ---- What the reader does


@pytest.fixture
def show(browser):
    opened = []

    def show(kinds=KINDS, seed=7, **options):
        opened.append(Seen(browser, widgets.drill(kinds, seed), **options))
        return opened[-1].page, opened[-1]

    yield show
    for seen in opened:
        assert not seen.errors
        seen.page.close()


def said(page):
    return page.locator("[data-live]").inner_text()


def test_an_exercise_is_done_by_keyboard_alone(show):
    page, _ = show(["subspaces"])
    made = exercise("subspaces", 1, 7)
    page.get_by_label("rank of W").focus()
    page.keyboard.type("1")
    for name in SPACES:
        page.keyboard.press("Tab")
        basis = made.answers[name]
        page.keyboard.type(str(len(basis)))
        for vector in basis:
            for entry in vector:
                page.keyboard.press("Tab")
                page.keyboard.type(str(entry))
    page.keyboard.press("Enter")
    assert said(page) == "5 of 5 right. That is all of it."
    assert page.locator(".vslib-reply").all_inner_texts() == ["✓ Right."] * 5
    assert page.locator("[aria-invalid=true]").count() == 0
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert said(page).startswith("Step 1 of 7, Reduce W: Divide row 1 by 2.")


def test_wrong_cells_are_marked_and_said(show):
    page, _ = show(["projection"])
    made = exercise("projection", 1, 7)
    for key in ("signal", "rejected"):
        for number, entry in enumerate(made.answers[key], 1):
            off = key == "signal" and number == 2
            page.get_by_label(f"entry {number} of the {key} part").fill(str(entry + off))
    page.get_by_role("button", name="Check").click()
    assert said(page).startswith("1 of 2 right. Signal part of x: ")
    wrong = page.locator("[aria-invalid=true]")
    assert [cell.get_attribute("aria-label") for cell in wrong.all()] == [
        "entry 2 of the signal part"
    ]
    replies = page.locator(".vslib-reply").all_inner_texts()
    assert replies[0].startswith("✗ ") and replies[1] == "✓ Right."


def test_every_cell_has_a_name_of_its_own(show):
    page, _ = show()
    for kind in range(3):
        page.evaluate(f"move(0, {kind})")
        for choose in page.locator("select").all():
            choose.select_option("2")
        names = [cell.get_attribute("aria-label") for cell in page.locator("input, select").all()]
        assert all(names) and len({*names}) == len(names)
    assert "row 1, column 2 of W⁺" in names


def test_a_change_of_the_dimension_keeps_what_was_typed(show):
    page, _ = show(["subspaces"])
    choose = page.get_by_label("dimension of Signal(W)", exact=True)
    choose.select_option("1")
    page.get_by_label("vector 1, entry 2, of Signal(W)", exact=True).fill("5")
    choose.select_option("2")
    assert page.get_by_label("vector 1, entry 2, of Signal(W)", exact=True).input_value() == "5"
    assert page.get_by_label("vector 2, entry 2, of Signal(W)", exact=True).input_value() == ""


def test_next_number_kind_and_difficulty_make_other_exercises(show):
    page, _ = show()
    assert said(page) == "Exercise subspaces-1-7."
    page.get_by_role("button", name="Next exercise").click()
    assert said(page) == "Exercise subspaces-1-8."
    page.evaluate("move(1, 3)")
    page.evaluate("move(0, 2)")
    assert said(page) == "Exercise pseudoinverse-3-8."
    number = page.get_by_label("number of the exercise")
    for value in ("0", "1.5", "1000000", ""):
        number.fill(value)
        number.press("Enter")
        assert said(page) == "Number of the exercise: expected a whole number from 1 to 999999."
    number.fill("999999")
    number.press("Enter")
    assert said(page) == "Exercise pseudoinverse-3-999999."
    page.get_by_role("button", name="Next exercise").click()
    assert said(page) == "Exercise pseudoinverse-3-1."
    label = page.locator(".vslib-formula").first.get_attribute("aria-label")
    rows = exercise("pseudoinverse", 3, 1).W
    expected = "; ".join(
        f"row {i}: " + ", ".join(str(a).replace("-", "−") for a in row)
        for i, row in enumerate(rows, 1)
    )
    assert label == f"W: {expected}"
    assert page.url == "about:blank" and page.get_by_role("button", name="Copy link").count() == 0


BOOK = 'data-content_root="../"'


def test_the_address_brings_a_class_to_one_exercise(show, tmp_path):
    """From a file; other anchors are left alone, and so is the address until the reader acts."""
    file = tmp_path / "page.html"
    page, _ = show(file=file, anchor="#drill=projection-2-31", html=BOOK)
    assert said(page) == "Exercise projection-2-31."
    page.get_by_role("button", name="Next exercise").click()
    assert page.url == f"{file.as_uri()}#drill=projection-2-32"
    page.evaluate("location.hash = '#drill=pseudoinverse-3-5'")
    page.wait_for_function("document.querySelector('[data-live]').textContent.includes('-3-5')")
    for other in (
        "#exercises",
        "#drill=planes-1-1",
        "#drill=subspaces-4-1",
        "#drill=subspaces-1-0",
    ):
        page.evaluate(f"location.hash = '{other}'")
        page.wait_for_timeout(30)
        assert said(page) == "Exercise pseudoinverse-3-5." and page.url.endswith(other)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_timeout(50)
    assert page.url == f"{file.as_uri()}#drill=pseudoinverse-3-5"
    assert said(page) == "The link to exercise pseudoinverse-3-5 is copied."
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy link").click()
    assert said(page) == "The address of this page leads to this exercise now: copy it there."


def test_a_drill_leaves_the_exercises_of_others_alone(show, tmp_path):
    page, _ = show(
        ["subspaces"], file=tmp_path / "a.html", anchor="#drill=projection-2-31", html=BOOK
    )
    assert said(page) == "Exercise subspaces-1-7." and page.url.endswith("#drill=projection-2-31")


def worked(page):
    """All that a drill can show, in every kind: cells, marks, steps."""
    for choose in page.locator("select").all():
        choose.select_option("2")
    page.get_by_role("button", name="Check").click()
    step = page.get_by_role("button", name="Show a step of the solution")
    before = ""
    while said(page) != before:
        before = said(page)
        step.click()


@pytest.mark.parametrize("kind", range(3))
def test_a_drill_fits_a_phone_and_its_words_stand_out(show, kind):
    for look in (
        'style="background: #fff; color: #222832"',
        'style="background: #14181e; color: #ced6dd"',
    ):
        page, _ = show(width=340, body=look)
        page.evaluate(f"move(1, 3); move(0, {kind})")
        worked(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 380
        for media in ("screen", "print"):
            page.emulate_media(media=media)
            found = contrasts(page, media == "print")
            assert len(found) > 10
            assert [each for each in found if each[1] < 4.5] == []


def test_marks_are_seen_in_forced_colours(show):
    page, _ = show(["subspaces"])
    worked(page)
    page.emulate_media(forced_colors="active")
    style = "cell => getComputedStyle(cell).borderTopStyle"
    assert page.locator("[aria-invalid=true]").first.evaluate(style) == "dashed"
    assert all(text[0] in "✓✗" for text in page.locator(".vslib-reply").all_inner_texts())


# ---- On paper


def test_a_sheet_asks_and_its_key_answers(tmp_path, browser):
    command = [sys.executable, "-m", "vslib", "drill", "--kind", *KINDS, "--seed", "7"]
    command += ["--count", "5", "--level", "2", "--html", str(tmp_path / "sheet.html")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / f"sheet{end}.html") for end in ("", "-key")]
    made = [exercise(KINDS[i % 3], 2, 7 + i) for i in range(5)]
    asked, answers = (Path(path).read_text() for path in done.stdout.split())
    assert (asked, answers) == (sheet.questions(made), sheet.key(made))
    page = browser.new_page()
    for text in (asked, answers):
        page.set_content(text)
        titles = page.locator("h2").all_inner_texts()
        assert titles == [f"{i}. {each.label}" for i, each in enumerate(made, 1)]
        for each, section in zip(made, page.locator("section").all(), strict=True):
            given = section.locator(".matrix").first.locator("mtr").all()
            rows = [[cell.text_content() for cell in row.locator("mtd").all()] for row in given]
            assert rows == [[str(entry).replace("-", "−") for entry in row] for row in each.W]
    words = page.locator("section").all_inner_texts()
    for each, section in zip(made, words, strict=True):
        vectors = [v for k in SPACES for v in each.answers.get(k, [])]
        if each.kind == "projection":
            vectors = [each.answers[k] for k in ("signal", "rejected")]
        for vector in vectors:
            listed = ", ".join(str(entry).replace("-", "−") for entry in vector)
            assert f"({listed})" in section and f"({listed})" not in asked
    cells = page.locator("section").nth(2).locator(".matrix").last.locator("mtd").all()
    found = [Fraction(cell.evaluate(VALUE)) for cell in cells]
    assert found == [a for row in made[2].answers["pseudoinverse"] for a in row]
    page.close()


VALUE = """(cell) => (cell.querySelector("mo") ? "-" : "") +
  [...cell.querySelectorAll("mn")].map((part) => part.textContent).join("/")"""


@pytest.mark.parametrize("wrong", [("--count", "0"), ("--level", "4"), ("--kind", "planes")])
def test_a_sheet_of_nothing_is_refused(tmp_path, wrong):
    command = [sys.executable, "-m", "vslib", "drill", "--html", str(tmp_path / "s.html"), *wrong]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1 and "expected" in done.stderr
    assert not [*tmp_path.iterdir()]
