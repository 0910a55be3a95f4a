"""Exercises that check themselves: right ones pass, and each known slip gets its words."""

import re
import sys
from fractions import Fraction

import numpy as np
import pytest

from vslib.teach import check
from vslib.teach.check import _parts, judged
from vslib.teach.exercises import CHAPTERS, EXERCISES

every = pytest.mark.parametrize("name", EXERCISES)
SLIPS = [(name, i) for name, each in EXERCISES.items() for i in range(len(each.slips))]


def test_every_chapter_has_three_and_names_are_its_own():
    assert all(len(each) >= 3 for each in CHAPTERS.values())
    assert len(EXERCISES) == sum(map(len, CHAPTERS.values()))
    assert all(len(each.slips) >= 3 and each.holds for each in EXERCISES.values())


@every
def test_the_reference_is_right_from_many_seeds(name):
    exercise = EXERCISES[name]
    for seed in range(50):
        assert judged(exercise, exercise.reference, seed).startswith(f"{name}: right"), seed


@pytest.mark.parametrize(("name", "i"), SLIPS)
def test_a_known_slip_gets_its_words(name, i):
    words, wrong = EXERCISES[name].slips[i]
    told = [judged(EXERCISES[name], wrong, seed) for seed in range(30)]
    assert all(each.startswith(f"{name}: not yet.") for each in told)
    assert sum(words in each for each in told) >= 27, told


@every
def test_what_is_no_solution_is_said_without_a_traceback(name):
    exercise = EXERCISES[name]
    result = exercise.reference(*exercise.draw(np.random.default_rng(0)))

    def empty(*given):
        raise NotImplementedError

    def failing(*given):
        raise IndexError("out of range")

    spoiled = {
        "It is still empty": empty,
        "It raised IndexError: out of range.": failing,
        f"called as {exercise.call}": lambda: result,
        "It gave back nothing": lambda *given: None,
        "Expected real numbers, got str": lambda *given: "seven",
        "got 5 results": lambda *given: (1.0,) * 5,
    }
    for words, function in spoiled.items():
        assert words in judged(exercise, function, seed=1), words
    assert "Expected a function, got float." in judged(exercise, 1.0, seed=1)


@every
def test_shapes_and_numbers_that_are_none_are_said(name):
    exercise = EXERCISES[name]

    def with_parts(change):
        def function(*given):
            found = exercise.reference(*given)
            return tuple(map(change, found)) if isinstance(found, tuple) else change(found)

        return function

    longer = judged(exercise, with_parts(lambda part: np.ones((7, 7, 7))), seed=2)
    assert re.search(r"Expected shape \(.*\), got \(7, 7, 7\)", longer)
    bad = judged(exercise, with_parts(lambda part: np.full(np.shape(part), np.nan)), seed=2)
    assert "NaN" in bad or exercise.name == "log_volume"
    off = judged(exercise, with_parts(lambda part: np.asarray(part, float) + 0.1), seed=2)
    assert off.startswith(f"{name}: not yet.")


def test_a_changed_argument_is_said():
    def spoils(W, x):
        x -= 1
        return EXERCISES["split"].reference(W, x + 1)

    assert "It changed its argument x: work on a copy." in judged(EXERCISES["split"], spoils, 0)


def test_other_right_solutions_are_right():
    def by_least_squares(W, x):
        signal = W.T @ np.linalg.lstsq(W.T, x, rcond=1e-9)[0]
        return [*signal], [*(x - signal)]

    def turned(W):
        basis = EXERCISES["rejected_basis"].reference(W)
        return basis @ np.linalg.qr(np.ones((basis.shape[1],) * 2) + np.eye(basis.shape[1]))[0]

    def other_signs(W):
        return -EXERCISES["signal_vectors"].reference(W)

    def by_orthonormal_rows(x, W):
        U, s, _ = np.linalg.svd(W.T, full_matrices=False)
        V = U[:, s > 1e-9 * s[0]]
        return V @ (V.T @ x)

    def by_rows_against_rows(x, W):
        return W.T @ np.linalg.pinv(W @ W.T) @ W @ x

    def by_eigenvectors(W):
        values, vectors = np.linalg.eigh(W.T @ W)
        return vectors[:, values < 1e-12 * values.max()]

    def by_complements(J1, J2, x):
        kept = np.linalg.lstsq(J2, J2 @ x, rcond=1e-9)[0]
        seen = np.linalg.lstsq(J1, J1 @ x, rcond=1e-9)[0]
        return [x - seen, seen - kept, kept]

    def by_normal_equations(W, y, start):
        return start + W.T @ np.linalg.solve(W @ W.T, y - W @ start)

    for name, function in (
        ("split", by_least_squares),
        ("rejected_basis", turned),
        ("rejected_basis", by_eigenvectors),
        ("signal_vectors", other_signs),
        ("onto_all", by_orthonormal_rows),
        ("onto_all", by_rows_against_rows),
        ("ledger", by_complements),
        ("nearest", by_normal_equations),
    ):
        for seed in range(20):
            assert judged(EXERCISES[name], function, seed).startswith(f"{name}: right"), name


@every
def test_zeros_and_parts_that_changed_places_are_not_right(name):
    """Sums, orthogonality and zeros hold for these too: the properties have to say more."""
    exercise = EXERCISES[name]
    count = len(_parts(exercise.reference(*exercise.draw(np.random.default_rng(0)))))

    def moved(i, j):
        def function(*given):
            parts = [*_parts(exercise.reference(*given))]
            if i != j and parts[i].shape == parts[j].shape:
                parts[j] = parts[j] + parts[i]
            parts[i] = 0 * parts[i]
            return tuple(parts)

        return function

    def nothing(*given):
        parts = tuple(0 * part for part in _parts(exercise.reference(*given)))
        return parts if count > 1 else parts[0]

    def nothing_but_the_last(*given):
        parts = _parts(exercise.reference(*given))
        return (*(0 * part for part in parts[:-1]), sum(parts))

    tried = [nothing]
    if count > 1:
        tried += [moved(i, j) for i in range(count) for j in range(count)]
    if name in {"split", "ledger"}:  # their parts add up to x
        tried.append(nothing_but_the_last)
    for function in tried:
        assert judged(exercise, function, seed=3).startswith(f"{name}: not yet.")


class Refuses:
    def __array__(self, *_, **__):
        raise RuntimeError("no array")


@pytest.mark.parametrize(
    ("name", "change", "words"),
    [
        ("split", list, "right, on"),
        ("split", np.array, "Expected 2 results, got one result."),
        ("project", lambda p: [p], r"Expected shape \(\d,\), got \(1, \d\)."),
        ("project", lambda p: [Fraction(each) for each in p], "right, on"),
        ("project", lambda p: p + 1j, "Expected real numbers, got ndarray of complex128."),
        ("project", lambda p: Refuses(), "Expected real numbers, got Refuses."),
        ("project", lambda p: iter(p), "Expected real numbers, got iterator."),
        ("project", lambda p: {}, "Expected real numbers, got dict."),
        ("project", lambda p: sys.exit(2), "It raised SystemExit: 2."),
        ("project", lambda p: np.float32(p), "right, on"),
        ("project", lambda p: np.float16(p), "right but for its precision"),
        ("project", lambda p: (p,), "Expected one result, got a tuple of one"),
        ("project", lambda p: p + 1e308, "It should be that"),
        ("project", lambda p: np.float32(p) + 0.1, "expected a difference of 0"),
        (
            "project",
            lambda p: np.array([*map(str, p)], object),
            "Expected real numbers, got ndarray",
        ),
        ("rank", str, "Expected real numbers, got str."),
        ("rank", lambda r: 10**400, "Expected real numbers, got int."),
        ("rank", lambda r: [r], r"Expected shape \(\), got \(1,\)."),
    ],
)
def test_odd_results_are_judged_in_words(name, change, words):
    told = judged(EXERCISES[name], lambda *given: change(EXERCISES[name].reference(*given)), 1)
    assert re.match(f"{name}: .*{words}", told)


def test_odd_tensors_are_judged_in_words():
    torch = pytest.importorskip("torch")
    project = EXERCISES["project"]
    odd = {
        "list": lambda p: [torch.tensor(each, requires_grad=True) for each in p],
        "Tensor of torch.bfloat16": lambda p: torch.tensor(p).bfloat16(),
        "Tensor of torch.float64": lambda p: torch.tensor(p).to_sparse(),
        "Tensor of torch.float32": lambda p: torch.empty(len(p), device="meta"),
        "Tensor of torch.complex128": lambda p: torch.tensor(p + 0j).conj(),
    }
    for of, change in odd.items():
        told = judged(project, lambda *given, to=change: to(project.reference(*given)), 1)
        assert f"not yet. Expected real numbers, got {of}." in told


def test_tensors_are_numbers_too():
    torch = pytest.importorskip("torch")

    def project(x, w):
        x, w = torch.tensor(x), torch.tensor(w, requires_grad=True)
        return (w @ x) / (w @ w) * w

    assert judged(EXERCISES["project"], project, 0).startswith("project: right")


def test_a_seed_that_was_told_shows_the_same_again(capsys):
    check("project", lambda x, w: x + 0.5)
    first = capsys.readouterr().out
    check("project", lambda x, w: x + 0.5, seed=int(re.search(r"seed (\d+)", first)[1]))
    assert capsys.readouterr().out == first


def test_seeds_are_fresh(capsys):
    for _ in range(2):
        check("project", lambda x, w: x + 0.5)
    seeds = re.findall(r"seed (\d+)", capsys.readouterr().out)
    assert len({*seeds}) == 2


def test_an_exercise_that_there_is_not_is_named():
    with pytest.raises(ValueError, match=r"expected an exercise among as_vector, .*; got 'fly'"):
        check("fly", len)


def count_of_pivots(W):
    return np.count_nonzero(abs(np.diag(np.linalg.qr(W)[1])) > 1e-9 * abs(W).max())


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("rank", count_of_pivots),
        ("rank", lambda W: np.linalg.matrix_rank(W, tol=0.1)),
        ("rank", lambda W: min(W.shape) - (np.linalg.matrix_rank(W) < min(W.shape))),
        ("patches", lambda image, k: EXERCISES["patches"].reference(image, 2)),
        ("descend", lambda W, y, x, rate, n: EXERCISES["descend"].reference(W, y, x, 0.5, n)),
    ],
)
def test_what_is_right_on_tame_inputs_only_is_not_right(name, wrong):
    for seed in range(20):
        assert judged(EXERCISES[name], wrong, seed).startswith(f"{name}: not yet."), seed


def test_float32_is_right_everywhere_that_float64_is():
    def single(reference):
        def function(*given):
            found = reference(*given)
            parts = tuple(map(np.float32, found)) if isinstance(found, tuple) else np.float32(found)
            return parts

        return function

    for name, exercise in EXERCISES.items():
        assert judged(exercise, single(exercise.reference), 5).startswith(f"{name}: right"), name


def test_an_interrupted_loop_is_said():
    def endless(x, w):
        raise KeyboardInterrupt

    assert "does its loop end?" in judged(EXERCISES["project"], endless, 0)


def test_what_a_function_prints_is_not_printed_again_to_name_its_slip(capsys):
    def talks(x, w):
        print("here")
        return (w @ x) * w

    assert "Divide by w @ w" in judged(EXERCISES["project"], talks, 0)
    assert capsys.readouterr().out == "here\n"


def test_a_reader_who_makes_numpy_strict_still_gets_words():
    with np.errstate(all="raise"):
        for name, exercise in EXERCISES.items():
            assert judged(exercise, exercise.reference, 5).startswith(f"{name}: right"), name
            far = judged(
                exercise,
                lambda *given, e=exercise: 1e308 * np.ones_like(e.reference(*given), float),
                5,
            )
            assert far.startswith(f"{name}: not yet.")
