"""MyST as it stands in the notebooks -> plain Markdown, which every host of notebooks shows.

Directives become quoted blocks and folded solutions; roles become words and links. What is not
known here is an error: no role or directive is left behind.
"""

import re

__all__ = ["SOLUTION", "blocks", "folded", "one_line_formulas", "quoted", "roles"]

FENCE = re.compile(r"^(:{3,})\{([\w:-]+)\}[ ]*(.*)$")
SOLUTION = re.compile(r"^:{3,}\{solution-(start|end)\}.*?^:{3,}[ ]*$\n?", re.M | re.S)
ROLE = re.compile(r"\{(prf:ref|ref|numref|eq|cite:t|cite:p|term)\}`([^`]+)`")
CROSS = re.compile(r"(?<!!)\[([^\]]*)\]\(([\w-]+)\.(?:ipynb|md)(#[\w-]*)?\)")


def one_line_formulas(text):
    """Each formula between $$ on a line of its own: in a quote, `>` would get into it."""
    return re.sub(
        r"\$\$(.+?)\$\$",
        lambda found: "$$ " + " ".join(found[1].split()) + " $$",
        text,
        flags=re.S,
    )


def quoted(head, body):
    """A quoted block that begins with `head`."""
    lines = f"{head}\n\n{one_line_formulas(body.strip())}".strip().splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def folded(summary, body):
    """A block that is seen when its summary is clicked."""
    return f"<details>\n<summary>{summary}</summary>\n\n{body.strip()}\n\n</details>"


def options(lines):
    """The options at the head of a directive, and the lines after them."""
    found = {}
    while lines and (option := re.match(r":([\w-]+):[ ]*(.*)$", lines[0])):
        found[option[1]] = option[2].strip()
        lines = lines[1:]
    return found, lines


def directive(name, title, lines, book):
    """What stands for one directive."""
    given, lines = options(lines)
    body = blocks("\n".join(lines), book)
    named = f" ({title})" if title else ""
    if name == "prf:proof":
        body = body.rstrip()
        return quoted("*Proof.*", body + ("\n\n∎" if body.endswith("$$") else " ∎"))
    if name.startswith("prf:") or name == "exercise":
        return quoted(f"**{book.number(given['label'])}**{named}", body)
    if name == "solution":
        return folded(f"Solution to {book.number(title)}", body)
    if name == "admonition":
        return folded(title, body)
    if name == "note":
        return quoted("**Note**", body)
    raise ValueError(f"directive {name!r}: expected one of those that tools/plain.py knows")


def blocks(text, book):
    """The text with its directives resolved; they may stand in one another."""
    lines, made = text.split("\n"), []
    while lines:
        line = lines.pop(0)
        fence = FENCE.match(line)
        if not fence:
            made.append(line)
            continue
        end = lines.index(fence[1])
        made.append(directive(fence[2], fence[3].strip(), lines[:end], book))
        lines = lines[end + 1 :]
    return "\n".join(made)


def roles(text, book):
    """The text with its roles, its numbered formulas and its links to other chapters resolved."""

    def role(found):
        kind, target = found.groups()
        if kind.startswith("cite"):
            return book.cited(target, kind == "cite:t")
        if kind == "term":
            return book.term(target)
        return book.reference(target)

    def cross(found):
        words, stem, anchor = found.groups()
        return book.chapter(stem, anchor or "", words)

    text = re.sub(
        r"\$\$[ ]*\((eq-[\w-]+)\)", lambda m: rf"\tag{{{book.number(m[1])}}}" + "\n$$", text
    )
    return CROSS.sub(cross, ROLE.sub(role, text))
