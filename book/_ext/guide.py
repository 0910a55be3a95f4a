"""The instructor's guide and its answer key, made of the chapters, of teach.toml and of the bank.

What a chapter says itself is read there: objectives, sections, exercises with their kinds, minutes.
`gaps` says what does not fit together, for the tests; a sound course has none.
"""

import json
import re
import tomllib
from pathlib import Path

BOOK = Path(__file__).parents[1]
MARKS = {"<!-- guide -->": "guide", "<!-- key -->": "key"}

# Of the minutes that a chapter gives to doing, an exercise gets a share by its kind; a word is read
# in an eightieth of a minute, with its formulas, and a line of code in a twentieth.
SHARES = {"Proof": 3, "Code": 3, "By hand": 2, "Change": 2, "Predict": 1}
WORDS, LINES = 80, 20


def taught():
    """teach.toml: chapters by name, and the plans."""
    said = tomllib.loads((BOOK / "teach.toml").read_text("utf-8"))
    return {name: part for name, part in said.items() if name != "plans"}, said["plans"]


class Chapter:
    """What a notebook says of itself."""

    def __init__(self, name):
        cells = json.loads((BOOK / f"{name}.ipynb").read_text("utf-8"))["cells"]
        written = [c for c in cells if c["cell_type"] == "markdown"]
        text = "\n\n".join("".join(cell["source"]) for cell in written)
        self.name, self.title = name, re.search(r"^# (.+)$", text, re.M)[1]
        self.question = re.search(r"^> \*\*(.+)\*\*$", text, re.M)[1]
        parts = re.split(r"^## (.+)$", text, flags=re.M)
        self.sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        able = self.sections["What you will be able to do"]
        self.objectives = [line[2:].rstrip(";.") for line in able.splitlines() if line[:2] == "- "]
        need = self.sections["What you need"]
        self.rows = dict(re.findall(r"^\| (time|core|optional) \| (.+?) \|", need, re.M))
        found = re.findall(r"\{exercise(?:-start)?\} (.+)\n:label: (\S+)((?:\n:.+)*)", text)
        self.exercises = {label: title for title, label, _ in found}
        self.homework = [label for _, label, options in found if "homework" in options]
        self.solved = re.findall(r"\{solution(?:-start)?\} (\S+)", text)
        end = next(
            k for k, c in enumerate(cells) if "".join(c["source"]).startswith("## Exercises")
        )
        self.words = len(text.split("\n## Exercises")[0].split())
        self.lines = sum(
            len("".join(cell["source"]).splitlines())
            for cell in cells[:end]
            if cell["cell_type"] == "code" and "hide-input" not in cell["metadata"].get("tags", ())
        )

    @property
    def reading(self):
        """Minutes to read it, and to do it, as it says in its table."""
        return tuple(map(int, re.findall(r"(\d+) min", self.rows["time"])))

    @property
    def ruled(self):
        """Minutes to read it, by the rule."""
        return self.words / WORDS + self.lines / LINES

    def minutes(self):
        """Of each exercise: its share of the minutes for doing."""
        weights = {each: SHARES[title.split(":")[0]] for each, title in self.exercises.items()}
        one = self.reading[1] / sum(weights.values())
        return {label: round(weight * one) for label, weight in weights.items()}


def asked(name):
    """The questions of a chapter."""
    from vslib.teach import bank

    return {key: each for key, each in bank.read().items() if each.chapter == name}


def gaps(name, said, questions):
    """What does not fit together in a chapter, as sentences."""
    chapter, found = Chapter(name), []
    stated, known = said["exercises"], chapter.exercises
    found += [f"{label}: not in teach.toml" for label in known if label not in stated]
    found += [f"{label}: no such exercise" for label in stated if label not in known]
    served = {n for numbers in stated.values() for n in numbers}
    served |= {n for question in questions.values() for n in question.objectives}
    for number, objective in enumerate(chapter.objectives, 1):
        if number not in served:
            found.append(f"objective {number} is served by nothing: {objective}")
    found += [f"objective {n} does not exist" for n in served if n > len(chapter.objectives)]
    if said["break-after"] not in chapter.sections:
        found.append(f"no section {said['break-after']!r}")
    kept = said["homework"]["exercise"]
    if chapter.homework != [kept]:
        found.append(f"homework in the chapter: {chapter.homework}, in teach.toml: {kept}")
    found += [
        f"{label}: solved in the chapter" for label in chapter.homework if label in chapter.solved
    ]
    wrong = said.get("misconceptions", {})
    exposed = {key for question in questions.values() for key in question.exposed}
    found += [f"misconception {key}: no question exposes it" for key in wrong if key not in exposed]
    found += [f"misconception {key}: not in teach.toml" for key in exposed if key not in wrong]
    return found


def lost(plans):
    """Sections that a plan names and no chapter has."""
    return [
        f"{plan['name']}, {when}: no section {title!r} in {name}"
        for plan in plans
        for when, name, titles in plan["rows"]
        for title in titles
        if title not in Chapter(name).sections
    ]


def plan_table(plan):
    lines = [
        f"### {plan['name']}",
        "",
        plan["says"],
        "",
        "| When | Chapter | Sections |",
        "|---|---|---|",
    ]
    lines += [
        f"| {when} | [](/book/{name}.ipynb) | {'; '.join(titles)} |"
        for when, name, titles in plan["rows"]
    ]
    return [*lines, ""]


def listed(keys, questions):
    return ", ".join(f"[{key}](key.md#question-{key})" for key in keys if key in questions)


def of_chapter(name, said, questions):
    """The guide's section on a chapter, as lines of MyST."""
    chapter = Chapter(name)
    reading, doing = chapter.reading
    lines = [
        f"## {chapter.title}",
        "",
        f"*{chapter.question}* [Open the chapter](/book/{name}.ipynb) or "
        f'<a href="{name}.html?present">its slides</a>.',
        "",
    ]
    lines += ["| | |", "|---|---|"]
    lines += [f"| at the board | about {reading} min |", f"| exercises | about {doing} min |"]
    lines += [f"| core | {chapter.rows['core']} |", f"| optional | {chapter.rows['optional']} |"]
    lines += [f"| break after | {said['break-after']} |", f"| needs | {said['needs']} |", ""]
    lines += ["### " + f"{chapter.title}: what serves which objective", ""]
    lines += ["| Objective | Exercises | Questions |", "|---|---|---|"]
    for number, objective in enumerate(chapter.objectives, 1):
        exercises = [
            f"{{ref}}`{each}`" for each, numbers in said["exercises"].items() if number in numbers
        ]
        keys = [key for key, question in questions.items() if number in question.objectives]
        lines.append(f"| {objective} | {', '.join(exercises)} | {listed(keys, questions)} |")
    lines += ["", "| Exercise | | Minutes, about | |", "|---|---|---|---|"]
    for label, minutes in chapter.minutes().items():
        kept = "homework, solved in the [key](key.md)" if label in chapter.homework else ""
        lines.append(f"| {{ref}}`{label}` | {chapter.exercises[label]} | {minutes} | {kept} |")
    if said.get("misconceptions"):
        lines += ["", f"### {chapter.title}: what goes wrong in heads", ""]
        for key, wrong in said["misconceptions"].items():
            keys = [q for q, question in questions.items() if key in question.exposed]
            lines.append(
                f"- *“{wrong['says']}”* {wrong['why']} Exposed by {listed(keys, questions)}."
            )
    board = said["board"]
    lines += [
        "",
        f"### {chapter.title}: at the board",
        "",
        f"**{board['title']}.** {board['text'].strip()}",
        "",
    ]
    return lines


def guide():
    """The whole guide, as MyST."""
    chapters, plans = taught()
    lines = ["## Plans", ""]
    for plan in plans:
        lines += plan_table(plan)
    for name, said in chapters.items():
        lines += of_chapter(name, said, asked(name))
    return "\n".join(lines)


def right_and_wrong(question):
    """The lines of the key for one question: what is right, and what each wrong answer shows."""
    lines = []
    if question.answer is not None:
        within = f", within {question.tolerance:g}" if question.tolerance else ""
        lines.append(f"- **{question.answer:g}**{within}. {question.why}")
    elif question.why:
        lines.append(f"- {question.why}")
    for option in question.options:
        lines.append(f"- {'**right:**' if option.right else 'wrong:'} {option.say}. {option.why}")
    lines += [f"- wrong: {slip.value:g}. {slip.why}" for slip in question.slips]
    return lines


def key():
    """The answer key: homework solved, and the questions with what their answers show."""
    chapters, _ = taught()
    lines = []
    for name, said in chapters.items():
        chapter = Chapter(name)
        kept = said["homework"]
        lines += [
            f"## {chapter.title}",
            "",
            f"**{{ref}}`{kept['exercise']}`.** {kept['solution'].strip()}",
            "",
        ]
        for each, question in asked(name).items():
            lines += [
                f"(question-{each})=",
                f"### Question: {each}",
                "",
                question.ask,
                "",
                *right_and_wrong(question),
                "",
            ]
    return "\n".join(lines)


def fill(app, docname, source):
    for mark, name in MARKS.items():
        if mark in source[0]:
            source[0] = source[0].replace(mark, {"guide": guide, "key": key}[name]())
            app.env.note_dependency(str(BOOK / "teach.toml"))
            for chapter in taught()[0]:
                app.env.note_dependency(str(BOOK / f"{chapter}.ipynb"))


def setup(app):
    app.connect("source-read", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
