"""A file of weights that the reader drops on the page, which reads it and says what it found."""

import re

import ipywidgets
import numpy as np

from vslib.show import views
from vslib.show.packing import exact

__all__ = ["matrices_of_a_file"]

READING = "as stored"
# What computes, apart from the page that shows it, in the order in which each needs the others.
WORKER = ("singular", "chance", "tensors", "columns", "worker")


def matrices_of_a_file(begin):
    """A place to drop a .safetensors file on, and a table of the matrices in it.

    The browser reads the file, float64, float32, float16 or bfloat16, and computes what
    `vslib.report.report` says of the same file from its weights, for each matrix of up to 2048
    rows or columns; the others are listed with the reason. Nothing leaves the reader's machine.

    Parameters
    ----------
    begin : vslib.report.Report
        Of a checkpoint, which is shown until a file is given.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If `begin` is no report of a checkpoint, or a singular value is beyond the range of
        float32.

    References
    ----------
    Golub and Kahan (1965), Calculating the singular values and pseudo-inverse of a matrix;
    Demmel and Kahan (1990), Accurate singular values of bidiagonal matrices.

    Examples
    --------
    >>> import pandas
    >>> from types import SimpleNamespace
    >>> columns = {"name": "fc", "reading": "as stored", "m": 2, "n": 2, "rank": 2}
    >>> begin = SimpleNamespace(table=pandas.DataFrame([columns]), kind="two by two", skipped={})
    >>> begin.spectra = {"fc": np.array([2.0, 1.0])}
    >>> [view] = matrices_of_a_file(begin).children
    >>> view.spec["begin"]["rows"][0]["rank"]
    2
    """
    readings = sorted(set(begin.table["reading"]))
    if readings != [READING]:
        got = ", ".join(map(str, readings))
        raise ValueError(f"begin: expected the report of a checkpoint, got matrices read as {got}")
    rows = [
        {key: value for key, value in row.items() if value is not None and value == value}
        for row in begin.table.to_dict("records")
    ]
    spectra = np.concatenate([begin.spectra[row["name"]] for row in rows])
    spec = {
        "begin": {
            "kind": begin.kind,
            "rows": rows,
            "skipped": dict(begin.skipped),
            "spectra": exact(spectra, 0, "spectra"),
        },
        "worker": re.sub(r"^export ", "", views.source(*WORKER), flags=re.M),
    }
    whole = ipywidgets.VBox([views.View("matrices", spec, [], uses=("found",))])
    whole.add_class("vslib")
    return whole
