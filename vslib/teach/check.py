"""Exercises of code that check themselves: properties in words, tried on random inputs."""

import inspect
import io
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass

import numpy as np

__all__ = ["Exercise", "check", "judged"]

TRIES = 40
MORE = 20  # inputs on which a function must do as a known wrong one does, to be called that
CLOSE = 1e-7  # of the size of what is expected: how far off counts as equal
SINGLE = 1e-5  # the same where the result came in float32
COARSE = 1e-3  # what counts as right but for the precision in which it came


@dataclass(frozen=True)
class Exercise:
    """A function that the reader writes, and what is known of it.

    Attributes
    ----------
    call : str
        How it is called: ``"project(x, w)"``.
    draw : callable
        From a random generator to the arguments of one try.
    reference : callable
        A right solution.
    holds : tuple of (str, callable)
        Properties in words, and of each what is off: a function of the arguments, the result and
        the reference's result, which is zero or nearly where the property holds.
    slips : tuple of (str, callable)
        Known wrong solutions, and what is told to whoever wrote one.

    Examples
    --------
    >>> twice = Exercise(
    ...     call="twice(x)",
    ...     draw=lambda random: (random.normal(size=3),),
    ...     reference=lambda x: 2 * x,
    ...     holds=(("it is x + x", lambda given, got, expected: got - expected),),
    ...     slips=(("That is the square.", lambda x: x**2),),
    ... )
    >>> print(judged(twice, lambda x: x**2, seed=0))
    twice: not yet. That is the square. (Tried with x of shape (3,); seed 0.)
    """

    call: str
    draw: Callable
    reference: Callable
    holds: tuple
    slips: tuple

    @property
    def name(self):
        return self.call.partition("(")[0]

    @property
    def arguments(self):
        return self.call.partition("(")[2].rstrip(")").split(", ")


def check(name, function, seed=None):
    """Try a function that the reader wrote, and print what is right or wrong with it.

    It is called on random arguments, from a fresh seed each time. What it raises is caught and
    said, with the shapes of what it was given; a known mistake is called by its name.

    Parameters
    ----------
    name : str
        Of the exercise.
    function : callable
    seed : int, optional
        To see again what an earlier call said.

    Raises
    ------
    ValueError
        If there is no exercise of that name.

    Examples
    --------
    >>> check("project", lambda x, w: (w @ x) / (w @ w) * w)
    project: right, on 40 random inputs.
      - the result is a multiple of w
      - what is left, x - p, is orthogonal to w
    """
    from vslib.teach.exercises import EXERCISES

    if name not in EXERCISES:
        raise ValueError(f"name: expected an exercise among {', '.join(EXERCISES)}; got {name!r}")
    seed = np.random.SeedSequence().entropy % 10**6 if seed is None else seed
    print(judged(EXERCISES[name], function, seed))


def judged(exercise, function, seed):
    """What `check` says, as words.

    Examples
    --------
    >>> from vslib.teach.exercises import EXERCISES
    >>> judged(EXERCISES["project"], lambda x, w: None, seed=3).partition(" (Tried")[0]
    'project: not yet. It gave back nothing: does it end with return?'
    """
    random = np.random.default_rng(seed)
    if not callable(function):
        return f"{exercise.name}: not yet. Expected a function, got {type(function).__name__}."
    for _ in range(TRIES):
        given = exercise.draw(random)
        wrong = _wrong(exercise, function, given)
        if wrong:
            wrong = _slip(exercise, function, given, random) or wrong
            shapes = ", ".join(map(_described, exercise.arguments, given))
            return f"{exercise.name}: not yet. {wrong} (Tried with {shapes}; seed {seed}.)"
    held = "".join(f"\n  - {words}" for words, _ in exercise.holds)
    return f"{exercise.name}: right, on {TRIES} random inputs.{held}"


def _described(name, value):
    if callable(value):
        return f"{name} a function"
    value = np.asarray(value)
    return f"{name} of shape {value.shape}" if value.ndim else f"{name} = {value.item():.4g}"


def _copies(given):
    return [value.copy() if isinstance(value, np.ndarray) else value for value in given]


def _wrong(exercise, function, given):
    """What is wrong with a function on these arguments, in words, or None."""
    handed = _copies(given)
    try:
        got = function(*handed)
    except NotImplementedError:
        return "It is still empty: write its body."
    except KeyboardInterrupt:
        return "It was stopped before it ended: does its loop end?"
    except (Exception, SystemExit) as error:
        said = f": {error}" if str(error) else ""
        return _arity(exercise, function) or f"It raised {type(error).__name__}{said}."
    for name, before, after in zip(exercise.arguments, given, handed, strict=True):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after):
            return f"It changed its argument {name}: work on a copy."
    expected = exercise.reference(*_copies(given))
    if got is None:
        return "It gave back nothing: does it end with return?"
    try:
        wanted = _parts(expected)
        parts = _parts(got, several=len(wanted) > 1)
    except Exception:  # what converts itself to an array raises what it likes
        of = f" of {got.dtype}" if hasattr(got, "dtype") else ""
        return f"Expected real numbers, got {type(got).__name__}{of}."
    if len(wanted) == 1 and isinstance(got, tuple) and len(got) == 1:
        return "Expected one result, got a tuple of one: is there a comma behind it?"
    if len(parts) != len(wanted):
        return f"Expected {_many(wanted)}, got {_many(parts)}."
    shapes = [(part.shape, want.shape) for part, want in zip(parts, wanted, strict=True)]
    for got_shape, shape in shapes:
        if got_shape != shape:
            return f"Expected shape {shape}, got {got_shape}."
    if not all(np.isfinite(part).all() for part in parts):
        return "It gave NaN or infinity."
    size = max(1e-300, *(float(np.abs(want).max(initial=0)) for want in wanted))
    half, single = _in(got, "float16"), _in(got, "float32")
    close, coarse = (SINGLE if single and not half else CLOSE), single or half
    got, expected = (each if len(each) > 1 else each[0] for each in (parts, wanted))
    for words, off in exercise.holds:
        with np.errstate(all="ignore"):  # numbers that are far too large overflow here
            most = float(np.abs(off(given, got, expected)).max(initial=0))
        if not most <= close * max(size, 1):
            if coarse and most <= COARSE * max(size, 1):
                return "It is right but for its precision. Compute in float64."
            return f"It should be that {words}: expected a difference of 0, got {most:.2g}."
    return None


def _arity(exercise, function):
    """That a function takes other arguments than the exercise hands it, in words, or None."""
    try:
        inspect.signature(function).bind(*exercise.arguments)
    except TypeError:
        return f"Expected a function that is called as {exercise.call}."
    except ValueError:  # some functions of NumPy do not tell
        pass
    return None


def _parts(result, several=False):
    """Results as float64 arrays; a list is several results where several are wanted."""
    listed = isinstance(result, tuple) or (several and isinstance(result, list))
    return tuple(map(_array, result if listed else (result,)))


def _array(part):
    found = np.asarray(part.detach().cpu() if hasattr(part, "detach") else part)
    # NumPy would read the text "3" as a number, in a list of objects too, and drop imaginary parts.
    texts = found.dtype.kind == "O" and any(isinstance(each, (str, bytes)) for each in found.flat)
    if found.dtype.kind not in "biufO" or texts:
        raise TypeError(f"expected real numbers, got {found.dtype}")
    return found.astype(float)


def _in(got, *precisions):
    parts = got if isinstance(got, (tuple, list)) else (got,)
    return any(str(getattr(part, "dtype", "")).endswith(precisions) for part in parts)


def _many(parts):
    return "one result" if len(parts) == 1 else f"{len(parts)} results"


def _slip(exercise, function, given, random):
    """What is told of the known wrong solution that gives the same on many inputs, or None."""
    inputs = [given, *(exercise.draw(random) for _ in range(MORE))]
    several = isinstance(exercise.reference(*_copies(given)), tuple)
    found, right = (
        [_outcome(f, each, several) for each in inputs] for f in (function, exercise.reference)
    )
    for words, wrong in exercise.slips:
        slipped = [_outcome(wrong, each, several) for each in inputs]
        if _same(slipped[0], right[0]) or not all(map(_same, found, slipped)):
            continue
        if any(parts is not None for parts in slipped):
            return words
    return None


def _outcome(function, given, several):
    """The parts of a result, or None where it is no numbers or something was raised."""
    try:
        # What it prints was printed before, of the input that is told.
        with np.errstate(all="ignore"), redirect_stdout(io.StringIO()):
            return _parts(function(*_copies(given)), several)
    except (Exception, SystemExit, KeyboardInterrupt):
        return None


def _same(some, others):
    if some is None or others is None:
        return some is others
    return len(some) == len(others) and all(
        a.shape == b.shape and np.allclose(a, b, rtol=1e-9, atol=1e-9, equal_nan=True)
        for a, b in zip(some, others, strict=True)
    )
