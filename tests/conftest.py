"""Paths, the built site and a browser, for the tests that need them."""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / part) for part in ("", "tools", "book/_ext", "tests/book", "tests/show")]
os.environ["PYTHONPATH"] = str(ROOT)  # for the kernels that tests start

REMARKS = []


@pytest.fixture(scope="session")
def remark():
    """Call it to print a line after all tests: a measurement that no test asserts."""
    return REMARKS.append


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["remarks"] = REMARKS


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    REMARKS.extend(getattr(node, "workeroutput", {}).get("remarks", []))


def pytest_terminal_summary(terminalreporter):
    if REMARKS:
        terminalreporter.section("measured, not asserted")
        for line in REMARKS:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def site():
    """The built site, which must be whole and made from the files that are here now."""
    import offline

    folder = ROOT / "_build" / "html"
    stamp = folder / "built_from.txt"
    if not stamp.exists():
        pytest.fail("_build/html holds no clean build of the book: run `make book` first")
    if stamp.read_text() != offline.built_from(ROOT):
        pytest.fail("_build/html is older than its sources: run `make book` first")
    return folder


@pytest.fixture(scope="session")
def browser():
    import chromium
    from playwright.sync_api import sync_playwright

    path = chromium.find()
    if path is None:
        missing = "no Chromium or Chrome on this machine"
        if os.environ.get("VSLIB_BROWSER") == "required":
            pytest.fail(f"{missing}, and VSLIB_BROWSER=required forbids skipping")
        pytest.skip(missing)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=chromium.FLAGS)
