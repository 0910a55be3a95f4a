"""The bookmarks of a printed page: the words of its headings, and where its parts begin."""

import pypdf
from pypdf.generic import NameObject, TextStringObject

__all__ = ["rename", "starts"]


def starts(pdf, prefix):
    """On which page, from 1, each place lies that links lead to and whose name begins so."""
    reader = pypdf.PdfReader(pdf)
    places = {name.lstrip("/"): place for name, place in reader.named_destinations.items()}
    return {
        name: reader.get_destination_page_number(place) + 1
        for name, place in places.items()
        if name.startswith(prefix)
    }


def items(node):
    """The bookmarks below one, each before those below it."""
    below = node.get("/First")
    while below is not None:
        below = below.get_object()
        yield below
        yield from items(below)
        below = below.get("/Next")


def rename(pdf, titles):
    """Give the bookmarks of a file their titles, in the order in which they stand.

    Chromium writes the words of a heading twice where it had first tried another sheet for it.

    Raises
    ------
    ValueError
        Where there are not as many bookmarks as titles.
    """
    writer = pypdf.PdfWriter(clone_from=pdf)
    found = list(items(writer.root_object["/Outlines"]))
    if len(found) != len(titles):
        raise ValueError(f"bookmarks: expected {len(titles)}, one a heading, got {len(found)}")
    for bookmark, title in zip(found, titles, strict=True):
        bookmark[NameObject("/Title")] = TextStringObject(title)
    writer.write(pdf)
