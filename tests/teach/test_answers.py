"""What is right in a question about the networks is what the chapter's checked cells print.

Those cells are run anew by nbval, in the stage `the notebooks`, and fail where they print something
else. Here every question marked `measured` is answered from what they print, and not by hand.
"""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest

from vslib.teach import bank

BOOK = Path(__file__).resolve().parents[2] / "book"
MEASURED = {key: q for key, q in bank.read().items() if q.measured}
ANSWERS = {}


def answers(key):
    """Notes a function of what the chapter prints: it returns the number, or the right option."""

    def note(function):
        ANSWERS[key] = function
        return function

    return note


class Printed:
    """What the checked cells of a chapter print, found by words in their code or their output."""

    def __init__(self, chapter):
        cells = json.loads((BOOK / f"{chapter}.ipynb").read_text("utf-8"))["cells"]
        self.cells = [
            ("".join(c["source"]), "".join(map(self.text, c["outputs"])))
            for c in cells
            if c["cell_type"] == "code" and c["outputs"]
        ]

    @staticmethod
    def text(output):
        return "".join(output.get("text") or output["data"].get("text/plain", ""))

    def __call__(self, words):
        """The one output of the cell in whose code or output the words stand."""
        found = [out for code, out in self.cells if words in code or words in out]
        assert len(found) == 1, f"{words!r} stands in {len(found)} checked cells"
        return found[0].replace("−", "-").replace(",", "")

    def rows(self, words):
        """The numbers of each line, without their signs of percent."""
        lines = self(words).splitlines()
        return [[*map(float, re.findall(r"-?\d+(?:\.\d+)?", line))] for line in lines]

    def row(self, words, head):
        """The numbers of the line that begins with `head`, after it."""
        (line,) = [x for x in self(words).splitlines() if x.strip().startswith(head)]
        rest = line.strip().removeprefix(head)
        return [*map(float, re.findall(r"-?\d+(?:\.\d+)?", rest))]


@pytest.mark.parametrize("key", MEASURED)
def test_the_right_answer_is_what_the_chapter_prints(key):
    q = MEASURED[key]
    found = ANSWERS[key](Printed(q.chapter))
    if q.options:
        assert [i for i, option in enumerate(q.options) if option.right] == [found]
    else:
        assert abs(found - q.answer) <= q.tolerance


def test_every_measured_question_is_answered_here_and_no_other():
    assert sorted(ANSWERS) == sorted(MEASURED)


def first(*conditions):
    """Which of the options holds: exactly one does."""
    assert sum(map(bool, conditions)) == 1, conditions
    return [*map(bool, conditions)].index(True)


def pieces(lines):
    """How many sign patterns lines make on a plane: each piece has a corner where two meet."""
    found = set()
    for one, other in itertools.combinations(lines, 2):
        corner = np.linalg.solve([one[:2], other[:2]], [one[2], other[2]])
        beside = corner + 1e-6 * np.random.default_rng(0).normal(size=(64, 2))
        found |= {*map(tuple, beside @ lines[:, :2].T > lines[:, 2])}
    return len(found)


def test_so_many_pieces_do_four_lines_make():
    q = bank.read()["lines-on-a-plane"]
    most = [
        max(pieces(np.random.default_rng(seed).normal(size=(n, 3))) for seed in range(9))
        for n in (3, 4)
    ]
    assert most == [7, q.answer]
    through_one_point = np.random.default_rng(0).normal(size=(4, 3)) * [1, 1, 0]
    assert pieces(through_one_point) in {slip.value for slip in q.slips}


# ---- Chapter by chapter, in their order: each option is a condition on what is printed.


@answers("conv-share")
def _(printed):
    filled, total = (printed.rows("different weights")[i][-1 - i] for i in (1, 0))
    share = filled / total
    return first(0.04 < share < 0.06, 0.4 < share < 0.6, share > 0.9)


@answers("what-we-see")
def _(printed):
    # What the eye sees is no number; that most of the 2 is in its rejected part, and little of the
    # 7 in its signal, is.
    sees, _, rejects, _ = printed.row("sees {seen", "fc1: sees")
    return first(sees > 50, sees < 34 and rejects > 66, False)


@answers("what-fc1-says")
def _(printed):
    read = printed("print(answers.argmax(1))")
    same = "less than 1e-13: True" in printed("the images differ by")
    return first(read == "[7 2 7]\n" and same, read == "[7 2 7]\n" and not same, "2]" in read)


@answers("hardly-seen")
def _(printed):
    weakest, rounding = (row[-1] for row in printed.rows("weakest singular value"))
    rank = printed.row("dim RejSignalOut", "layer2")[2]
    return first(rank == 256 and weakest > 1000 * rounding, rank < 256, weakest < rounding)


@answers("what-lowers-it")
def _(printed):
    kinds = ("noise", "random images", "training")
    left = [printed.row("added to the untrained layer 1", kind)[0] for kind in kinds]
    assert left[0] == printed.row("added to the untrained layer 1", "no change")[0]
    return int(np.argmin(left))


@answers("own-neuron")
def _(printed):
    left = [row[1] for row in printed.rows('left by its own neuron": removed.diagonal()},')[1:]]
    return first(max(left) < 10, 40 < min(left) and max(left) < 60, min(left) > 80)


@answers("ten-shares")
def _(printed):
    (_, added0, both0), (_, added8, both8) = printed.rows("ten shares added up")[1:]
    equal = added0 == both0 and added8 == both8
    larger = added0 > both0 and added8 > both8
    return first(equal, larger, added0 > both0 and added8 < both8)


@answers("which-ten")
def _(printed):
    (lost_ours, ours), (lost_theirs, theirs) = (
        printed.row("ten leading directions", head)
        for head in ("Signal(W)", "ten leading directions")
    )
    assert lost_ours > 79 and 30 < lost_theirs < 36
    return first(theirs > ours, ours > theirs, ours == theirs)


@answers("nine-of-ten")
def _(printed):
    right = dict(printed.rows("terms k")[1:])
    return first(right[9] == right[10] == 92.0, 82.5 < right[9] < 83.5, 81.5 < right[9] < 82.5)


@answers("inside-chance")
def _(printed):
    return printed.rows("chance allows")[-1][-1]


@answers("square-layer")
def _(printed):
    _, _, number, before, low, high = printed.row("lower quartile", "layer2")
    others = [printed.row("lower quartile", f"layer{k}")[2] for k in (1, 3, 4, 5)]
    assert number > 60 * max(others) and round(number) == 734
    return first(not low < before, low < number < high, number > before)


@answers("smaller-start")
def _(printed):
    rows = [row for row in printed.rows("initial scale")[1:] if "%"]
    one, tenth = rows[0], rows[1]
    assert one[0] == 1 and tenth[0] == 0.1 and one[1] == tenth[1]
    ratio = tenth[-1] / one[-1]
    return first(0.5 < ratio < 2, 9 < ratio < 11, ratio < 0.2)


@answers("random-kernels")
def _(printed):
    mean, spread = printed.rows("chance: mean")[0]
    return first(abs(mean - 1.08) < 0.005 and spread < 0.02, mean > 2, 8 < mean < 10)


@answers("kernels-before")
def _(printed):
    cosines = [row[1] for row in printed.rows("angle in degrees")[1:]]
    alike = sum(c > 0.9 for c in cosines)
    return first(alike < 2, alike >= 7, 2 <= alike < 7)


@answers("four-numbers")
def _(printed):
    (number,) = printed.row("operator, zeros     3136", "operator zeros     3136 × 3136")
    return first(number < 2, 5 < number < 20, number > 1000)


@answers("through-five")
def _(printed):
    solved, of = printed.rows('answers inverted:", deep')[0]
    return first(solved == of, 0 < solved < of, solved == 0)


@answers("how-many-equations")
def _(printed):
    equalities, inequalities, _ = printed.rows("Polytope(120")[0]
    assert equalities + inequalities == 256
    return equalities


@answers("half-way")
def _(printed):
    one, half, other = printed.rows("relative misses")[0]
    return first(one == half == other == 0, one == other == 0 < half, False)


@answers("cells-of-the-map")
def _(printed):
    cells, most = printed.rows("pieces by the first layer")[1]
    assert cells == 474 and most < 2**48
    return first(cells > 2**40, cells < 20, 100 < cells < 1000)


@answers("cells-by-training")
def _(printed):
    before, after = (printed.row("cells, least", kind)[1] for kind in ("untrained", "trained"))
    assert before > after
    return first(after > 2 * before, before > 2 * after, before < 1.5 * after)


@answers("pixels-moved")
def _(printed):
    moved = [
        float(line.split()[-1])
        for line in printed("pixels moved by").splitlines()
        if line.startswith("fc")
    ]
    return first(max(moved) < 0.01, 0.05 < max(moved) < 0.2, max(moved) > 0.5)


@answers("identical-copies")
def _(printed):
    training = printed.row("spread of the outputs", "training")[0]
    usual = printed.row("spread of the outputs", "evaluation")[0]
    return first(training == usual, training == 0 < usual, 0 < training != usual)


@answers("random-coefficients")
def _(printed):
    names = ("fc1", "fc5", "resnet18")
    share = [printed.row("random points recognised", n)[0] for n in names]
    return first(max(share) < 20, 40 < min(share) and max(share) < 60, min(share) > 90)


@answers("asked-network")
def _(printed):
    names = ("fc1", "fc5", "resnet18")
    (found,) = {printed.row("sees the next digit", n)[0] for n in names}
    return found


@answers("rank-behind-selu")
def _(printed):
    return printed.row("largest singular value", "selu3")[0]


@answers("untrained-loses")
def _(printed):
    rank, image = printed.row("fc5 untrained: energy lost", "layer1")[:2]
    assert rank == 256
    return image / 100


@answers("same-places")
def _(printed):
    def rises(words):
        lost = [float(x.split()[-5]) for x in printed(words).splitlines()[2:]]
        return [b - a > 1 for a, b in itertools.pairwise(lost)]

    trained, untrained = rises("energy lost up to a depth, %, 60"), rises("up to a depth, %, 20")
    return first(all(untrained), trained == untrained and sum(trained) == 4, trained != untrained)


@answers("shuffled-labels")
def _(printed):
    names = ("Adam shuffled", "SGD shuffled")
    most = [printed.row("kept %, least seed", n)[2] for n in names]
    return first(0.9 < max(most) < 1.3, max(most) > 2, max(most) < 0.5)


@answers("how-far-walks")
def _(printed):
    left = printed.rows("distance to the two that is left")[1][0]
    return first(left > 95, left < 66, left < 5)


@answers("product-one")
def _(printed):
    largest, smallest, product = printed.rows("product of all")[1]
    assert product == 1
    return first(largest == smallest == 1, largest > 1 > smallest, largest <= 1 > smallest)


@answers("match")
def _(printed):
    seeds, points = printed.row("above −0.15", "twin            one cycle")[:2]
    assert seeds == 10
    return first(points < -1, abs(points) < 0.5, points > 1)


@answers("half-in-pixels")
def _(printed):
    codes, pixels = (row[0] for row in printed.rows('largest change of an output": np.round')[1:])
    assert codes == 0
    return first(pixels == 0, pixels > 1, 0 < pixels < 0.1)


@answers("rejected-read")
def _(printed):
    right = printed.row("digit read from the rejected part, %", "answer alone")[0]
    return first(5 < right < 20, 40 < right < 60, right > 95)


@answers("own-shuffled")
def _(printed):
    shuffled, true = (
        printed.row(f"{words} labels, to untrained", "rejected_centred")[1]
        for words in ("Shuffled", "True")
    )
    return first(0.3 < shuffled < 0.7, shuffled < 0.1, shuffled > 0.9 and true > 0.9)


@answers("centred-images")
def _(printed):
    words = "averages of images moved to one centre"
    centred, plain = printed.row(words, words)[0], printed.row(words, "the averages   ")[0]
    return first(centred < plain, plain <= centred < plain + 2, centred >= plain + 2)


@answers("rejected-reader")
def _(printed):
    whole, rejected = (
        printed.row("what fc1 rejects", head)[0] for head in ("whole images", "what fc1 rejects")
    )
    return first(rejected < 20, 40 < rejected < 60, abs(rejected - whole) < 1)
