"""The public address of the repository: it stands once, in pyproject.toml's [project.urls].

python tools/address.py https://github.com/OWNER/NAME    set it, and write what follows from it
python tools/address.py --check    change nothing; exit 1 where a file differs from it

Pages, Colab editions and the PDF read it from there when they are built. README.md and CITATION.cff
are read on GitHub as they stand, so this writes them.
"""

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FORM = re.compile(r"https://github\.com/([A-Za-z0-9][A-Za-z0-9-]*)/([\w.-]*[\w-])/?")
LINE = re.compile(r'^(Source = ")[^"]*(")', re.M)
WRITTEN = ("README.md", "CITATION.cff")
HINT = "Its owner sets the public address once: `make address URL=https://github.com/OWNER/NAME`."


@dataclass(frozen=True)
class Address:
    """Where the repository is, and what is found from there."""

    owner: str
    name: str

    @property
    def is_set(self):
        return (self.owner, self.name) != ("OWNER", "REPOSITORY")

    @property
    def source(self):
        return f"https://github.com/{self.owner}/{self.name}"

    @property
    def site(self):
        if self.name.lower() == f"{self.owner.lower()}.github.io":
            return f"https://{self.owner.lower()}.github.io/"
        return f"https://{self.owner.lower()}.github.io/{self.name}/"

    @property
    def archive(self):
        """What pip installs vslib from."""
        return f"{self.source}/archive/refs/heads/main.zip"

    def colab(self, stem):
        """A chapter's Colab edition, on the branch to which the workflow publishes them."""
        where = f"{self.owner}/{self.name}/blob/colab/{stem}.ipynb"
        return f"https://colab.research.google.com/github/{where}"

    def binder(self, stem):
        where = f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/main"
        return f"{where}?urlpath=lab/tree/book/{stem}.ipynb"

    def badges(self):
        """Lines of Markdown: where to read and to run the book."""
        if not self.is_set:
            return [HINT]
        shield = "https://img.shields.io/badge"
        start = "networks-as-matrices"
        return [
            f"**[Read the book]({self.site})** · [PDF]({self.site}book.pdf) ·"
            f" [offline copy]({self.site}book.zip)",
            "",
            f"[![Tests]({self.source}/actions/workflows/tests.yml/badge.svg)]"
            f"({self.source}/actions/workflows/tests.yml)",
            f"[![Open in Colab]({shield}/open-in_Colab-F9AB00)]({self.colab(start)})",
            f"[![Open in Binder]({shield}/open-in_Binder-579ACA)]({self.binder(start)})",
        ]

    def bibtex(self, version):
        where = [f"  url     = {{{self.site}}},"] if self.is_set else []
        return [
            "```bibtex",
            "@software{what_a_network_keeps,",
            "  title   = {What a Network Keeps: neural networks for image analysis, seen through"
            " vector spaces},",
            "  author  = {{The authors of What a Network Keeps}},",
            f"  version = {{{version}}},",
            "  year    = {2026},",
            *where,
            "}",
            "```",
        ]

    def cited(self):
        """The lines of CITATION.cff that say where the work is."""
        if not self.is_set:
            return [f"# {HINT}"]
        return [
            f'repository-code: "{self.source}"',
            f'url: "{self.site}"',
            f'license-url: "{self.source}/blob/main/LICENSE"',
        ]


def read(root=ROOT):
    """The address that pyproject.toml has."""
    urls = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    found = FORM.fullmatch(urls["Source"])
    if not found:
        raise ValueError(f"address: expected https://github.com/OWNER/NAME, got {urls['Source']}")
    return Address(*found.groups())


def filled(text, part, lines):
    """`text` with these lines between its marks `address: part` and `address: end`."""
    pattern = rf"(^[^\n]*address: {part}\b[^\n]*\n).*?(^[^\n]*address: end)"
    made, count = re.subn(
        pattern, lambda m: m[1] + "\n".join(lines) + "\n" + m[2], text, flags=re.M | re.S
    )
    if count != 1:
        raise ValueError(f"expected the marks 'address: {part}' and 'address: end' once each")
    return made


def written(root, address):
    """What README.md and CITATION.cff are at this address, by name."""
    version = re.search(r'__version__ = "(.+)"', (root / "vslib/__init__.py").read_text("utf-8"))[1]
    readme, citation = ((root / name).read_text("utf-8") for name in WRITTEN)
    readme = filled(readme, "badges", address.badges())
    readme = filled(readme, "cite", address.bibtex(version))
    citation = filled(citation, "where", address.cited())
    citation = re.sub(r"^version: .*", f"version: {version}", citation, flags=re.M)
    return dict(zip(WRITTEN, (readme, citation), strict=True))


def main(given, root=ROOT):
    if given != ["--check"]:
        if len(given) != 1 or not FORM.fullmatch(given[0]):
            return f"expected https://github.com/OWNER/NAME, got {' '.join(given) or 'nothing'}"
        path = root / "pyproject.toml"
        url = given[0].rstrip("/")
        path.write_text(LINE.sub(rf"\g<1>{url}\g<2>", path.read_text("utf-8")), "utf-8")
    differ = []
    for name, text in written(root, read(root)).items():
        if (root / name).read_text("utf-8") != text:
            differ.append(name)
            if given != ["--check"]:
                (root / name).write_text(text, "utf-8")
    for name in differ:
        print(name, "differs: run `make address`" if given == ["--check"] else "written")
    return int(bool(differ) and given == ["--check"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
