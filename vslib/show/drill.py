"""Exercises without end, in the page: made from a seed, marked cell by cell, solved in steps."""

from vslib.show import exercises, views

__all__ = ["drill"]

USES = ("drill_exact", "drill_make", "drill_marks", "drill_steps")


def drill(kinds=exercises.KINDS, seed=1):
    """Exercises on small matrices, as many as one likes; the page makes and marks them.

    The reader chooses the kind, where there are several, the difficulty and the number of the
    exercise, which is its seed. Any basis of the right space is right, and 2/3, -4/6 and 0.5 are
    numbers; of a wrong answer the page says what it is instead. In the published book the address
    #drill=KIND-LEVEL-SEED opens an exercise: a class can be given the same one. `sheet.document`
    prints the same exercises, with their answers.

    Parameters
    ----------
    kinds : sequence of str
        Some of "subspaces", "projection" and "pseudoinverse"; see `exercises.exercise`.
    seed : int
        Of the exercise that is shown first, 1 to 999,999.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If there is no kind, one that does not exist, one twice, or no such seed.

    Examples
    --------
    >>> [slider.description for slider in drill(["projection", "pseudoinverse"]).children[:-1]]
    ['kind', 'difficulty']
    """
    kinds = list(kinds)
    if not kinds or len({*kinds}) < len(kinds):
        raise ValueError(f"kinds: expected different ones of {exercises.KINDS}, got {kinds}")
    for kind in kinds:
        exercises.exercise(kind, exercises.LEVELS[0], seed)
    choose = [views.choices("kind", kinds)] if len(kinds) > 1 else []
    spec = {"kinds": kinds, "seed": seed}
    sliders = [*choose, views.choices("difficulty", exercises.LEVELS)]
    return views.box("drill", spec, sliders, uses=USES)
