"""The instructor's guide: nothing unmapped, nothing unserved, nothing stale, numbers computed."""

import guide
import numpy as np
import pytest

CHAPTERS, PLANS = guide.taught()
each = pytest.mark.parametrize("name", CHAPTERS)


def test_every_chapter_is_taught():
    names = {path.stem for path in guide.BOOK.glob("*.ipynb")} - {"index"}
    assert {*CHAPTERS} == names


@each
def test_exercises_objectives_questions_and_sections_fit(name):
    assert guide.gaps(name, CHAPTERS[name], guide.asked(name)) == []


def test_plans_name_sections_that_there_are():
    assert guide.lost(PLANS) == []
    assert [plan["name"] for plan in PLANS] == ["One lecture", "One week", "Fourteen weeks"]
    assert len(PLANS[2]["rows"]) == 14
    assert all(plan["says"].endswith(".") and plan["needs"] for plan in PLANS)


def test_plans_fit_the_time_that_there_is():
    """By the rule: a lecture as it says, half of three hours a morning, 90 minutes a week."""
    lecture, week, term = PLANS
    for when, name, titles in lecture["rows"]:
        start, end = map(int, when.split(" to "))
        assert guide.Chapter(name).board(*titles) == pytest.approx(end - start, abs=5), when
    for when, name, titles in week["rows"] + term["rows"]:
        assert 45 <= guide.Chapter(name).board(*titles) <= 90, when


def test_a_term_meets_every_chapter():
    assert {name for _, name, _ in PLANS[2]["rows"]} == {*CHAPTERS}


@each
@pytest.mark.parametrize("part", ["board", "homework"])
def test_numbers_of_board_examples_and_solutions(name, part):
    assert eval(CHAPTERS[name][part]["check"], {"np": np})


@each
def test_minutes_are_those_of_the_rule(name):
    chapter = guide.Chapter(name)
    assert chapter.said == pytest.approx(chapter.ruled, abs=5)


def test_the_rule_is_the_one_that_the_guide_states():
    said = (guide.BOOK / "guide.md").read_text("utf-8")
    read = guide.Chapter("four-subspaces")._read(
        [
            {"cell_type": "markdown", "source": ["# T\n", "\n", "## A\n", "word " * 80]},
            {"cell_type": "code", "source": ["1\n"] * 20, "metadata": {}},
            {"cell_type": "code", "source": ["1\n"] * 20, "metadata": {"tags": ["hide-input"]}},
            {"cell_type": "markdown", "source": ["more " * 40, "\n\n## B\n", "word " * 160]},
        ]
    )
    assert (read["A"], read["B"]) == (2.5, 2)
    assert "a minute for 80 words" in said and "for 20 lines of code" in said
    assert guide.BOARD == 2.5 and "two and a half times" in said
    kinds = guide.MINUTES
    assert kinds["Proof"] == kinds["Code"] == 9 and "takes 9 minutes if it is a proof" in said
    assert kinds["By hand"] == kinds["Change"] == 6 and "6 if it is by hand" in said
    assert kinds["Predict"] == 3 and "3 if it is a prediction" in said


def change(name, **parts):
    said = CHAPTERS[name] | parts
    return guide.gaps(name, said, guide.asked(name))


def test_what_does_not_fit_is_said():
    name = "four-subspaces"
    said = CHAPTERS[name]
    fewer = {label: n for label, n in said["exercises"].items() if label != "ex-slip"}
    assert "ex-slip: not in teach.toml" in change(name, exercises=fewer)
    more = said["exercises"] | {"ex-none": [1]}
    assert "ex-none: no such exercise" in change(name, exercises=more)
    beyond = said["exercises"] | {"ex-slip": [9]}
    assert "objective 9 does not exist" in change(name, exercises=beyond)
    other = {"exercise": "ex-slip", "solution": ""}
    assert any("homework" in each for each in change(name, homework=other))
    wrong = said.get("misconceptions", {}) | {"new": {"says": "", "why": ""}}
    assert "misconception new: no question exposes it" in change(name, misconceptions=wrong)
    served = {label: [] for label in said["exercises"]}
    found = guide.gaps(name, said | {"exercises": served}, {})
    assert sum("is served by nothing" in each for each in found) == 5
    row = ["1", name, ["Five names"]]
    assert guide.lost([{"name": "A day", "rows": [row]}]) == [
        "A day, 1: no section 'Five names' in four-subspaces"
    ]
