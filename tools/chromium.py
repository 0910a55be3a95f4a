"""The Chromium or Chrome of this machine, for the tests of the pages and for printing them."""

import shutil

__all__ = ["FLAGS", "find"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]


def find():
    """Its path, or None where there is none."""
    return next(filter(None, map(shutil.which, (*NAMES, MAC))), None)
