"""Every public name shows how it is used, by an example that runs."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import vslib

PACKAGE = Path(vslib.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.stem not in ("__init__", "__main__")
)


@pytest.mark.parametrize("name", MODULES)
def test_every_function_and_class_has_an_example(name):
    module = importlib.import_module(name)
    public = {each: getattr(module, each) for each in module.__all__}
    bare = [
        each
        for each, value in public.items()
        if (inspect.isclass(value) or inspect.isfunction(value)) and not shows(value)
    ]
    assert bare == []


def shows(value):
    """Whether a docstring has the section, and in it an example that is run, not skipped."""
    text = inspect.getdoc(value) or ""
    examples = doctest.DocTestParser().get_examples(text)
    run = [example for example in examples if doctest.SKIP not in example.options]
    return "\nExamples\n--------\n" in text and bool(run)


def test_an_example_that_is_missing_or_skipped_is_found():
    def bare():
        """One sentence."""

    def skipped():
        """One sentence.

        Examples
        --------
        >>> 1 + 1  # doctest: +SKIP
        2
        """

    assert not shows(bare) and not shows(skipped)
