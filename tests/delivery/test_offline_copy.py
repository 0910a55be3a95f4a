"""The offline copy, unpacked and opened from its folder: no server, no other host."""

import zipfile

import offline_copy
import pytest
import yaml
from visit import open_page, press_controls

TOC = yaml.safe_load((offline_copy.ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [chapter["file"] for chapter in TOC["parts"][0]["chapters"]]
PAGES = ["index", TOC["root"], *CHAPTERS, "book/api", "search"]


@pytest.fixture(scope="module")
def unpacked(site, tmp_path_factory):
    """A copy of the site as its zip file gives it, in a folder whose name has a blank."""
    folder = tmp_path_factory.mktemp("a stick")
    count, size = offline_copy.pack(site, folder / "book.zip")
    with zipfile.ZipFile(folder / "book.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == count
        archive.extractall(folder)
    assert size == (folder / "book.zip").stat().st_size / 1e6
    return folder / offline_copy.FOLDER


def test_it_is_one_folder_with_a_word_how_to_open_it(unpacked):
    assert {path.name for path in unpacked.parent.iterdir()} == {"book.zip", unpacked.name}
    assert "open index.html" in (unpacked / "README.txt").read_text()
    assert (unpacked / "index.html").is_file()


@pytest.mark.parametrize("name", PAGES)
def test_page_works_without_a_server(browser, unpacked, name):
    page, report = open_page(browser, f"{unpacked.as_uri()}/", f"{name}.html")
    assert page.url.startswith("file://")
    assert report["refused"] == report["failed"] == report["errors"] == []
    assert report["alive"] == report["views"]
    assert page.locator("mjx-merror").count() == 0
    pressed = press_controls(page)
    page.close()
    assert bool(pressed) == bool(report["views"])
    assert [what for what, changed in pressed if not changed] == []


def test_search_finds_without_a_server(browser, unpacked):
    page, _ = open_page(browser, f"{unpacked.as_uri()}/", "search.html?q=pseudoinverse")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 1
    page.close()
