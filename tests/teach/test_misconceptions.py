"""Bank, chapters and the teacher's misconceptions fit together."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from vslib.teach import bank

BOOK = Path(__file__).resolve().parents[2] / "book"
QUESTIONS = bank.read()
TEACH = tomllib.loads((BOOK / "teach.toml").read_text("utf-8"))
CHAPTERS = sorted(path.stem for path in BOOK.glob("*.ipynb") if path.stem != "index")
ASKED = re.compile(r"\b(ask|predict)\(\s*\"([^\"]+)\"")

every_chapter = pytest.mark.parametrize("chapter", CHAPTERS)


def cells(chapter):
    return json.loads((BOOK / f"{chapter}.ipynb").read_text("utf-8"))["cells"]


def asked(chapter):
    """(call, key) of each question that a chapter asks, in order."""
    code = ["".join(c["source"]) for c in cells(chapter) if c["cell_type"] == "code"]
    return ASKED.findall("\n".join(code))


def objectives(chapter):
    text = "\n\n".join("".join(c["source"]) for c in cells(chapter))
    part = text.split("## What you will be able to do")[1].split("\n## ")[0]
    return re.findall(r"^- ", part, re.M)


def own(chapter):
    return {key: q for key, q in QUESTIONS.items() if q.chapter == chapter}


@every_chapter
def test_asks_each_of_its_questions_once_and_no_others(chapter):
    assert sorted(key for _, key in asked(chapter)) == sorted(own(chapter))


@every_chapter
def test_asks_five_questions_or_more_and_lets_the_reader_predict(chapter):
    assert len(asked(chapter)) >= 5
    assert any(call == "predict" for call, _ in asked(chapter))


@every_chapter
def test_questions_serve_objectives_that_the_chapter_has(chapter):
    numbers = {number for q in own(chapter).values() for number in q.objectives}
    assert numbers and numbers <= {*range(1, len(objectives(chapter)) + 1)}


@every_chapter
def test_numbers_know_their_slips(chapter):
    for key, q in own(chapter).items():
        assert q.kind != "number" or q.slips, f"{key}: knows no slip"


@every_chapter
def test_every_misconception_of_the_guide_is_exposed_by_a_question(chapter):
    exposed = {name for q in own(chapter).values() for name in q.exposed}
    assert exposed == {*TEACH[chapter]["misconceptions"]}
    for said in TEACH[chapter]["misconceptions"].values():
        assert said["says"].endswith(".") and said["why"].endswith(".")


def test_no_question_belongs_to_a_chapter_that_is_not_there():
    assert {q.chapter for q in QUESTIONS.values()} <= {*CHAPTERS}


def test_a_question_stands_in_a_cell_of_its_own_that_shows_no_code():
    for chapter in CHAPTERS:
        for cell in cells(chapter):
            source = "".join(cell["source"])
            if cell["cell_type"] == "code" and ASKED.match(source.removeprefix("teach.")):
                hidden = {"remove-input", "hide-input"} & {*cell["metadata"].get("tags", [])}
                assert hidden and "nbval-check-output" not in cell["metadata"]["tags"], source
