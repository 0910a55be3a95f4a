"""What the book's labels, chapters and citations are called where there is no Sphinx to ask."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import yaml
from address import Address
from pybtex.database import parse_file
from pybtex.richtext import Text

__all__ = ["Book"]

LABELLED = re.compile(
    r"^:{3,}\{(?:prf:)?(\w+)\}[^\n]*\n:label: (\S+)|\$\$[ ]*\((eq-[\w-]+)\)", re.M
)


@dataclass
class Book:
    """Names and addresses of everything that a chapter refers to."""

    root: Path
    address: Address
    titles: dict = field(default_factory=dict)  # of pages, by stem
    chapters: dict = field(default_factory=dict)  # numbers, by stem
    numbers: dict = field(default_factory=dict)  # of labels: what the page calls them
    homes: dict = field(default_factory=dict)  # of labels: the stem of their page
    terms: dict = field(default_factory=dict)  # of the glossary: their anchors there

    def __post_init__(self):
        toc = yaml.safe_load((self.root / "_toc.yml").read_text("utf-8"))
        stems = [Path(chapter["file"]).name for chapter in toc["parts"][0]["chapters"]]
        self.chapters = {stem: number for number, stem in enumerate(stems, start=1)}
        for stem in [Path(toc["root"]).name, *stems]:
            notebook = nbformat.read(self.root / "book" / f"{stem}.ipynb", as_version=4)
            self.titles[stem] = re.search(r"^# (.+)$", notebook.cells[0].source, re.M)[1]
            self.count(stem, notebook)
        words = (self.root / "book" / "glossary.md").read_text("utf-8")
        entries = re.search(r"^:::\{glossary\}\n(.*?)^:::", words, re.M | re.S)[1]
        for term in re.findall(r"^\w.*$", entries, re.M):
            self.terms[term] = f"#term-{term.replace(' ', '-')}"
        self.entries = parse_file(self.root / "book" / "references.bib").entries

    def count(self, stem, notebook):
        """Number the labels of a page as Sphinx does: by kind, after the number of the chapter."""
        counts = {}
        for cell in notebook.cells:
            found = []
            if cell.cell_type == "markdown":
                for kind, label, formula in LABELLED.findall(cell.source):
                    found.append((kind.capitalize(), label) if label else ("", formula))
            elif name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
                found.append(("Fig.", name))
            for kind, label in found:
                counts[kind] = counts.get(kind, 0) + 1
                within = [str(self.chapters[stem])] if stem in self.chapters else []
                number = ".".join([*within, str(counts[kind])])
                self.numbers[label] = f"{kind} {number}".strip()
                self.homes[label] = stem

    def number(self, label):
        return self.numbers[label]

    def linked(self, words, page, anchor=""):
        """A link to a page of the book, or the words alone where it has no address yet."""
        if not self.address.is_set:
            return words
        return f"[{words}]({self.address.site}book/{page}.html{anchor})"

    def chapter(self, stem, anchor="", words=""):
        """What `[](stem.ipynb)` shows, as a link to the book."""
        return self.linked(words or self.titles[stem], stem, anchor)

    def reference(self, label):
        formula = label.startswith("eq-")
        words = f"({self.numbers[label]})" if formula else self.numbers[label]
        anchor = f"#equation-{label}" if formula else f"#{label}"
        return self.linked(words, self.homes[label], anchor)

    def term(self, target):
        """What {term}`word` or {term}`words <word>` shows, as a link to its meaning."""
        words, name = re.fullmatch(r"(.+?)(?: <(.+)>)?", target).groups()
        return self.linked(words, "glossary", self.terms[name or words])

    def cited(self, keys, textual):
        """Authors and year of the works, each a link: to its DOI, or to the book's bibliography."""
        made = []
        for key in (key.strip() for key in keys.split(",")):
            entry = self.entries[key]
            people = entry.persons["author"]
            names = [str(Text.from_latex(" ".join(person.last_names))) for person in people]
            who = f"{names[0]} et al." if len(names) > 2 else " and ".join(names)
            year = entry.fields["year"]
            words = f"{who} ({year})" if textual else f"{who}, {year}"
            doi = entry.fields.get("doi")
            linked = (
                f"[{words}](https://doi.org/{doi})" if doi else self.linked(words, "references")
            )
            made.append(linked)
        return ", ".join(made) if textual else f"({'; '.join(made)})"
