"""What the authors' published notebook prints: facts, each with the cell that prints it."""

import functools
import tomllib
from dataclasses import dataclass

import numpy as np

from vslib import files
from vslib.paper.claims import FOLDER

__all__ = ["Printed", "authors"]


@dataclass(frozen=True)
class Printed:
    """A number, or an array of them, that an output of the notebook states.

    Attributes
    ----------
    what : str
    cell : int
        Of ``demos/SSIAI_Demo.ipynb``, counted from 0, cells of text included.
    value : float or array

    Examples
    --------
    >>> authors()["resnet18_accuracy"]
    Printed(what='ResNet18, validation accuracy after the run of cell 64', cell=65, value=0.9922)
    """

    what: str
    cell: int
    value: object


@functools.cache
def authors():
    """The facts of the authors' notebook that claims and chapters rest on.

    Returns
    -------
    dict of str to Printed

    Raises
    ------
    vslib.files.FileError
        If the file is missing or damaged.

    References
    ----------
    Pattichis and Pattichis (2024), code: github.com/rpattichis/SSIAI_VectorSpaces.

    Examples
    --------
    >>> authors()["kernels"].value.shape, authors()["kernels"].cell
    ((9, 9), 79)
    """
    return files.read(FOLDER / "authors.toml", decode=_facts)


def _facts(content):
    entries = tomllib.loads(content.decode())
    return {key: Printed(e["what"], e["cell"], _array(e["value"])) for key, e in entries.items()}


def _array(value):
    return np.array(value) if isinstance(value, list) else value
