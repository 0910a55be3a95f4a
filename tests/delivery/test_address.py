"""One address: everything public follows from it, and nothing is shown that could not work."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import address
import jsonschema
import published
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
URL = "https://github.com/Someone/a.book"
SET = address.Address("Someone", "a.book")
PLACEHOLDER = address.Address("OWNER", "REPOSITORY")
SCHEMA = json.loads((Path(__file__).parent / "cff-1.2.0.schema.json").read_text("utf-8"))


@pytest.fixture
def copy(tmp_path):
    """What an address stands in, to be changed."""
    (tmp_path / "vslib").mkdir()
    for name in ("pyproject.toml", "vslib/__init__.py", *address.WRITTEN):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_nothing_differs_from_the_address():
    assert address.main(["--check"]) == 0, "run `make address URL=...`"


@pytest.mark.parametrize("url", [URL, URL + "/"])
def test_an_address_is_set_whole_and_again(copy, url):
    assert address.main([url], copy) == 0
    assert address.read(copy) == SET
    assert address.main(["--check"], copy) == 0
    texts = [(copy / name).read_text("utf-8") for name in address.WRITTEN]
    assert all("OWNER" not in text and SET.source in text for text in texts)
    assert address.main(["https://github.com/other/place"], copy) == 0
    assert all("Someone" not in (copy / name).read_text("utf-8") for name in address.WRITTEN)


def test_a_file_that_differs_is_found(copy):
    address.main([URL], copy)
    readme = copy / "README.md"
    readme.write_text(readme.read_text("utf-8").replace("/Someone/", "/someone-else/"), "utf-8")
    assert address.main(["--check"], copy) == 1


@pytest.mark.parametrize("url", ["", "github.com/a/b", "https://github.com/a", "https://a.b/c/d"])
def test_what_is_no_address_is_refused(copy, url):
    before = (copy / "pyproject.toml").read_text("utf-8")
    assert "expected https://github.com/OWNER/NAME" in address.main([url], copy)
    assert (copy / "pyproject.toml").read_text("utf-8") == before


def test_the_address_stands_once():
    """Besides README.md and CITATION.cff, which are checked, pyproject.toml alone has it."""
    where = address.read()
    for path in [*ROOT.glob("*"), *(ROOT / ".github").rglob("*"), *(ROOT / "book").glob("*")]:
        if path.is_file() and path.suffix in {".md", ".yml", ".toml", ".ipynb", ".txt", ".cff"}:
            text = path.read_text("utf-8")
            expected = path.name in (*address.WRITTEN, "pyproject.toml") and where.is_set
            found = f"{where.owner}/{where.name}" in text
            assert expected or not found or path.name == "pyproject.toml", path


def test_without_an_address_no_button_stands_that_could_not_work():
    lines = "\n".join(PLACEHOLDER.badges() + PLACEHOLDER.bibtex("1") + PLACEHOLDER.cited())
    assert "](" not in lines and "make address URL=" in lines


def test_the_site_lies_where_pages_puts_it():
    assert SET.site == "https://someone.github.io/a.book/"
    assert address.Address("Me", "me.github.io").site == "https://me.github.io/"


# ---- What readers and machines are told


@pytest.mark.parametrize("where", [PLACEHOLDER, SET])
def test_the_citation_is_valid(where):
    text = address.filled((ROOT / "CITATION.cff").read_text("utf-8"), "where", where.cited())
    cited = yaml.safe_load(text)
    jsonschema.validate(cited, SCHEMA)
    assert cited["references"][0]["year"] == 2024
    assert ("url" in cited) == where.is_set
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(cited | {"authors": []}, SCHEMA)


def test_the_paper_is_cited_as_in_the_bibliography():
    entry = r"@inproceedings\{pattichis2024,.*?^\}"
    texts = [ROOT / "README.md", ROOT / "book" / "references.bib"]
    readme, book = (re.search(entry, path.read_text("utf-8"), re.M | re.S)[0] for path in texts)
    assert readme == book


def test_the_form_for_mistakes_is_filled_in_with_the_page_s_name():
    form = yaml.safe_load((ROOT / ".github/ISSUE_TEMPLATE/mistake.yml").read_text("utf-8"))
    ids = [part["id"] for part in form["body"]]
    assert ids[:3] == ["where", "section", "what"]
    link = re.search('href="([^"]+)"', published.mistake(SET, "3. Projections & more"))[1]
    asked = parse_qs(urlsplit(link.replace("&amp;", "&")).query)
    assert asked["template"] == ["mistake.yml"] and link.startswith(SET.source + "/issues/new?")
    assert asked["where"] == ["3. Projections & more"] and set(asked) - {"template", "title"} <= {
        *ids
    }


def test_buttons_open_a_chapter_in_colab_and_binder():
    links = {b["text"]: b["url"] for b in published.buttons(SET, "projections")["buttons"]}
    assert links["Colab"].endswith("/github/Someone/a.book/blob/colab/projections.ipynb")
    assert links["Binder"].endswith(
        "/gh/Someone/a.book/main?urlpath=lab/tree/book/projections.ipynb"
    )


def test_both_licences_and_what_is_safe_are_said():
    licence = (ROOT / "LICENSE").read_text("utf-8")
    assert "BSD 3-Clause License" in licence and "CC BY 4.0" in licence
    assert "report it privately" in (ROOT / "SECURITY.md").read_text("utf-8")
