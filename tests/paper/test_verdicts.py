"""The rule of verdicts, the claims that it judges, and how they are shown."""

import itertools
import re
from collections import Counter
from pathlib import Path

import nbformat
import pytest
from myst_parser.mdit_to_docutils.base import default_slugify

from vslib import paper
from vslib.paper import KINDS, VERDICTS, Claim, Number, cards, counts, judge, table

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = {claim.key: claim for claim in paper.claims()}
KNOWN = paper.stored()
WORDS = ("group", "claim", "paper", "here", "verdict", "why", "section", "test")
every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)


def of_each_seed(claim):
    """The numbers of a claim for one seed after another, as far as there are seeds."""
    several = {key: KNOWN[key].seeds or (KNOWN[key].value,) for key in claim.numbers}
    for i in range(max(map(len, several.values()))):
        yield {key: found[min(i, len(found) - 1)] for key, found in several.items()}


class TestClaims:
    def test_are_those_of_all_parts_of_the_paper_with_every_verdict(self):
        assert {claim.group for claim in CLAIMS.values()} == set(paper.GROUPS)
        assert {claim.verdict for claim in CLAIMS.values()} == set(VERDICTS)
        assert {claim.kind for claim in CLAIMS.values()} == set(KINDS)
        assert len(CLAIMS) >= 50

    @every_claim
    def test_say_what_they_rest_on(self, claim):
        filled = claim.filled({key: number.value for key, number in KNOWN.items()})
        assert filled.here and filled.why and not re.search(r"\{[a-z]", filled.here + filled.why)
        said = (claim.here + claim.why).replace("{{", "").replace("}}", "")
        compared = " ".join(claim.holds + claim.instead).split()
        named = set(re.findall(r"\{(\w+)", said)) | {word for word in compared if word in KNOWN}
        if claim.agrees:
            named.add(claim.agrees["number"])
        assert claim.numbers and named <= set(claim.numbers) <= set(KNOWN)

    @every_claim
    def test_link_to_a_section_that_is_there(self, claim):
        chapter, _, heading = claim.section.partition("#")
        notebook = nbformat.read(ROOT / "book" / chapter, as_version=4)
        text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        assert heading in re.findall(r"^##+ +(.+)$", text, flags=re.M)
        assert paper.slug(heading) == default_slugify(heading)
        assert f"({chapter}#{default_slugify(heading)})" in cards()

    @every_claim
    def test_link_to_a_test_that_is_there(self, claim):
        path, _, name = claim.test.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^\s*def {re.escape(name)}\(", text, flags=re.M)

    def test_of_the_paper_that_once_were_missing_are_there(self):
        """Each was named by a reader who went through the paper with the table in hand."""
        said = " ".join(f"{claim.claim} {claim.paper}" for claim in CLAIMS.values())
        for words in (
            "easily",
            "two invertible networks",
            "wᵀx lies in Signal(wᵀ)",
            "can be reached",
            "RejSignalOut",
            "equation (4)",
            "support of each kernel",
            "any neural network",
            "important signal",
            "at each layer",
            "all training images",
            "explains why",
            "similar to the binarized patterns",
            "top and bottom row",
            "very effective",
        ):
            assert words in said


class TestRule:
    @every_claim
    def test_gives_every_verdict_for_every_seed(self, claim):
        for numbers in of_each_seed(claim):
            assert judge(claim, numbers) == claim.verdict

    @every_claim
    def test_needs_something_to_judge_by_and_says_why(self, claim):
        if claim.kind != "choice":
            assert claim.holds or claim.agrees
        assert bool(claim.instead) == (claim.verdict == VERDICTS[2])
        assert bool(claim.caveat) == (claim.verdict == VERDICTS[1])
        # Mathematics and choices cannot fail to be found, nor be found for another reason.
        if claim.kind != "could fail":
            assert claim.verdict in VERDICTS[:2]

    def test_is_that_of_the_chapter(self):
        known = {"x": Number(7.3, (7.0, 7.6), 6.5, 8.0, "two seeds")}
        number = {"agrees": {"number": "x", "value": 7.22, "digits": 2}}
        for changes, x, expected in (
            ({"holds": ("x > 1",)}, 2, "reproduced"),
            ({"holds": ("x > 1",)}, 1, "not reproduced"),
            ({"holds": ("x > 1", "x < 3")}, 3, "not reproduced"),
            ({"holds": ("x > 1",), "caveat": "of x"}, 2, "reproduced with a caveat"),
            ({"holds": ("x > 1",), "caveat": "of x"}, 1, "not reproduced"),
            ({"holds": ("x > 1",), "instead": ("x > 1",)}, 2, "explained otherwise"),
            ({"holds": ("x > 1",), "instead": ("x > 3",)}, 2, "reproduced"),
            ({}, 2, "reproduced"),
            (number, 7.22, "reproduced"),
            (number, 7.224, "reproduced"),
            (number, 7.3, "reproduced with a caveat"),
            ({"agrees": number["agrees"] | {"value": 9.0}}, 7.3, "not reproduced"),
            ({"agrees": number["agrees"] | {"value": 8.0}}, 8.0, "reproduced"),
        ):
            words = dict.fromkeys(WORDS, "")
            claim = Claim(key="k", kind="could fail", numbers=("x",), **words | changes)
            assert judge(claim, {"x": x}, known) == expected, changes

    def test_gives_one_verdict_to_one_cause(self):
        for pair in (("resnet-training", "easier"), ("inversion-five", "backproject")):
            assert len({CLAIMS[key].verdict for key in pair}) == 1

    def test_judges_what_the_paper_says_and_nothing_more(self):
        """The caption of figure 3 lists what is shown; it does not say that it is the best."""
        for key in ("start-fc1", "start-fc5", "start-resnet18"):
            assert CLAIMS[key].kind == "choice" and CLAIMS[key].claim.startswith("shown for")
            assert "best" not in CLAIMS[key].claim
        # It wants residuals to be examined; it does not say what will be found.
        assert CLAIMS["important-signal"].kind == "choice"

    def test_is_counted_by_kind(self):
        pairs = Counter((claim.verdict, claim.kind) for claim in CLAIMS.values())
        found = counts()
        for (i, verdict), (j, kind) in itertools.product(enumerate(VERDICTS), enumerate(KINDS)):
            assert found[VERDICTS[i]][j] == pairs[verdict, kind]


class TestCards:
    def test_show_every_claim_once_with_its_reason_and_its_test(self):
        text, known = cards(), {key: number.value for key, number in KNOWN.items()}
        assert text.count("- *why:*") == len(CLAIMS)
        for claim in CLAIMS.values():
            filled = claim.filled(known)
            (head,) = [line for line in text.splitlines() if line.startswith(f"**{claim.claim}**")]
            assert claim.verdict in head
            for words in (filled.here, filled.why, claim.caveat, claim.published):
                assert words in text

    @every_claim
    def test_show_what_the_rule_compares(self, claim):
        filled = claim.filled({key: number.value for key, number in KNOWN.items()})
        (card,) = [part for part in cards().split("\n**") if filled.claim + "** ·" in part]
        for comparison in claim.holds + claim.instead:
            assert f"`{comparison}`" in card
        if claim.agrees:
            assert f"{claim.agrees['value']} lies in the stated spread, widened: " in card
        assert ("another reason if" in card) == bool(claim.instead)

    def test_say_which_claims_could_have_failed(self):
        heads = [line for line in cards().splitlines() if line.startswith("**")]
        could = sum(claim.kind == "could fail" for claim in CLAIMS.values())
        assert sum(head.endswith("could have failed") for head in heads) == could

    def test_hold_only_what_the_numbers_allow(self):
        numbers = {key: n.value for key, n in KNOWN.items() if key.startswith("fc5_")}
        text = cards(numbers=numbers)
        assert "**accuracy of the 5-layer network**" in text
        assert "accuracy of the 1-layer network" not in text


class TestTable:
    def test_holds_every_claim_once_with_its_verdict_and_its_reason(self):
        rows = table().splitlines()[2:]
        assert len(rows) == len(CLAIMS)
        known = {key: number.value for key, number in KNOWN.items()}
        for row, claim in zip(rows, CLAIMS.values(), strict=True):
            assert claim.claim in row and f"| {claim.verdict} |" in row and claim.test in row
            assert claim.filled(known).why in row

    def test_shows_the_spread_over_seeds(self):
        row = next(row for row in table().splitlines() if "of the single layer" in row)
        seeds = KNOWN["fc1_condition_number"].seeds
        assert f"{min(seeds):.2f} to {max(seeds):.2f} ({len(seeds)} seeds)" in row
        row = next(row for row in table().splitlines() if "accuracy of ResNet18" in row)
        assert "| one seed |" in row
