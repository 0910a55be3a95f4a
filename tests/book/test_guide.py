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


@each
@pytest.mark.parametrize("part", ["board", "homework"])
def test_numbers_of_board_examples_and_solutions(name, part):
    assert eval(CHAPTERS[name][part]["check"], {"np": np})


@each
def test_minutes_for_reading_are_near_those_of_the_rule(name):
    chapter = guide.Chapter(name)
    assert abs(chapter.reading[0] - chapter.ruled) <= 15, chapter.ruled


@each
def test_minutes_of_exercises_add_up(name):
    chapter = guide.Chapter(name)
    assert sum(chapter.minutes().values()) == pytest.approx(chapter.reading[1], abs=6)


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
    assert "no section 'Five names'" in change(name, **{"break-after": "Five names"})
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
