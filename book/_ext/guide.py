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

# The rule for minutes: so many words, with their formulas, or lines of code are read in one; at the
# board, with questions asked and answered, that takes BOARD times as long; an exercise by its kind.
WORDS, LINES, BOARD = 80, 20, 2.5
MINUTES = {"Proof": 9, "Code": 9, "By hand": 6, "Change": 6, "Predict": 3}
HEADING = re.compile(r"^## (.+)$", re.M)


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
        parts = HEADING.split(text)
        self.sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        able = self.sections["What you will be able to do"]
        self.objectives = [line[2:].rstrip(";.") for line in able.splitlines() if line[:2] == "- "]
        need = self.sections["What you need"]
        self.rows = dict(re.findall(r"^\| (time|core|optional|sessions) \| (.+?) \|", need, re.M))
        self.pause = re.match(r'1: up to "(.+?)"', self.rows["sessions"])[1]
        found = re.findall(r"\{exercise(?:-start)?\} (.+)\n:label: (\S+)((?:\n:.+)*)", text)
        self.exercises = {label: title for title, label, _ in found}
        self.homework = [label for _, label, options in found if "homework" in options]
        self.solved = re.findall(r"\{solution(?:-start)?\} (\S+)", text)
        self.read = self._read(cells)

    def _read(self, cells):
        """Minutes to read each section, by the rule."""
        found, section = {}, None
        for cell in cells:
            source = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                before, *parts = HEADING.split(source)
                parts = [section, before, *parts]
                for section, text in zip(parts[::2], parts[1::2], strict=True):
                    found[section] = found.get(section, 0) + len(text.split()) / WORDS
            elif "hide-input" not in cell["metadata"].get("tags", ()):
                found[section] += len(source.splitlines()) / LINES
        return found

    @property
    def said(self):
        """Minutes to read it, and to do it, as it says in its table."""
        return tuple(map(int, re.findall(r"(\d+) min", self.rows["time"])))

    @property
    def ruled(self):
        """Minutes to read it, up to its exercises, and to do these, by the rule."""
        names = [*self.read]
        read = sum(self.read[name] for name in names[: names.index("Exercises")])
        return read, sum(self.minutes().values())

    def board(self, *sections):
        """Minutes at the board for some sections, or for all of its own, by the rule."""
        core = self.rows["core"].split("; ")
        return BOARD * sum(self.read[name] for name in sections or core)

    def minutes(self):
        """Of each exercise, by its kind."""
        return {each: MINUTES[title.split(":")[0]] for each, title in self.exercises.items()}


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
        f"*What it needs of linear algebra:* {plan['needs']}.",
        "",
        "| When | Chapter | Sections | At the board |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {when} | [](/book/{name}.ipynb) | {'; '.join(titles)} | {about(name, titles)} |"
        for when, name, titles in plan["rows"]
    ]
    return [*lines, ""]


def about(name, titles=()):
    """Minutes at the board, in words."""
    return f"about {round(Chapter(name).board(*titles))} min"


def listed(keys, questions):
    return ", ".join(f"[{key}](key.md#question-{key})" for key in keys if key in questions)


def of_chapter(name, said, questions):
    """The guide's section on a chapter, as lines of MyST."""
    chapter = Chapter(name)
    reading, doing = chapter.said
    lines = [
        f"## {chapter.title}",
        "",
        f"*{chapter.question}* [Open the chapter](/book/{name}.ipynb) or "
        f'<a href="{name}.html?present">its slides</a>.',
        "",
    ]
    lines += ["| | |", "|---|---|"]
    lines += [f"| to read | about {reading} min |", f"| core, at the board | {about(name)} |"]
    lines += [f"| all exercises | about {doing} min |"]
    lines += [f"| core | {chapter.rows['core']} |", f"| optional | {chapter.rows['optional']} |"]
    lines += [f"| break after | {chapter.pause} |", f"| needs | {said['needs']} |", ""]
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
        end = "" if option.say[-1] in ".?!" else "."
        word = "**right:**" if option.right else "wrong:"
        lines.append(f"- {word} {option.say}{end} {option.why}")
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
            f"**{{ref}}`{kept['exercise']}` ({chapter.exercises[kept['exercise']]}).** "
            f"{kept['solution'].strip()}",
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
