"""The site works where no server is: the offline copy, unpacked and opened from its folder.

tests/book/test_site.py opens it below a path, as on GitHub Pages.
"""

import shutil
import zipfile

import offline_copy
import pytest
import yaml
from visit import open_page, press_controls

TOC = yaml.safe_load((offline_copy.ROOT / "_toc.yml").read_text(encoding="utf-8"))
CHAPTERS = [chapter["file"] for chapter in TOC["parts"][0]["chapters"]]
PAGES = [TOC["root"], *CHAPTERS, "book/api", "search"]


def whole(page, report):
    """Nothing is missing or refused, and what should move moves."""
    assert report["refused"] == [] and report["failed"] == [] and report["errors"] == []
    assert report["alive"] == report["views"]
    assert page.locator("mjx-merror").count() == 0
    pressed = press_controls(page)
    page.close()
    assert [what for what, changed in pressed if not changed] == []
    return len(pressed)


@pytest.fixture(scope="module")
def unpacked(site, tmp_path_factory):
    """The folder that comes out of the offline copy, in a place whose name has blanks."""
    root = tmp_path_factory.mktemp("stick") / "My stick"
    count, size = offline_copy.pack(site, root / "book.zip")
    assert count > 50 and size < 60
    with zipfile.ZipFile(root / "book.zip") as archive:
        assert len(archive.namelist()) == count
        archive.extractall(root)
    (root / "book.zip").unlink()
    yield root / offline_copy.FOLDER
    shutil.rmtree(root)


@pytest.mark.parametrize("name", PAGES)
def test_an_unpacked_copy_works_from_a_file(browser, unpacked, name):
    page, report = open_page(browser, f"{unpacked.as_uri()}/", f"{name}.html")
    assert page.url.startswith("file://")
    assert bool(whole(page, report)) == bool(report["views"])


def test_search_finds_from_a_file(browser, unpacked):
    page, _ = open_page(browser, f"{unpacked.as_uri()}/", "search.html?q=pseudoinverse")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 1
    page.close()


def test_the_copy_says_how_it_is_opened_and_leads_to_the_first_page(browser, unpacked):
    assert "open index.html" in (unpacked / "README.txt").read_text("utf-8")
    page, report = open_page(browser, f"{unpacked.as_uri()}/", "index.html")
    page.wait_for_url("**/book/index.html")
    assert report["refused"] == []
    page.get_by_role("link", name="Projections").first.click()
    page.wait_for_url("**/book/projections.html")
    page.close()


def test_the_copy_has_what_the_site_has_and_no_more(site, unpacked):
    def files(folder):
        return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert files(unpacked) - files(site) == {"README.txt"}
    left = {path.rsplit("/")[-1] for path in files(site) - files(unpacked)}
    assert left <= offline_copy.LEFT_OUT


def test_pages_have_no_script_that_a_file_may_not_load(site):
    """From a file, browsers load neither ES modules nor what is fetched."""
    for path in (site / "book").glob("*.html"):
        text = path.read_text("utf-8")
        assert 'type="module"' not in text and ' src="/' not in text and ' href="/' not in text
