"""JSON and safetensors: what is whole comes back, whatever else is refused by the file's name."""

import json
import math

import numpy as np
import pytest
import safetensors.numpy
import safetensors.torch
import torch

from vslib import files

RECORD = {"name": "fc1", "seed": 0, "history": [{"epoch": 1, "loss": 0.25}]}
KEYS = ("name", "seed", "history")
ARRAYS = {"weight": np.arange(6.0).reshape(2, 3), "bias": np.float32([1, 2])}
MEND = "train {path} again"


def bytes_of(value):
    return json.dumps(value).encode()


# What may lie in the place of a file that was cut, mixed up or written by another program.
FOREIGN = {
    "empty": b"",
    "one byte": b"{",
    "zeros": bytes(1000),
    "text": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
    "a page": b"<!DOCTYPE html><html></html>",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    "not UTF-8": b"\xff\xfe\xfa",
    "a list": b"[1, 2]",
    "null": b"null",
    "a number": b"3",
    "an empty object": b"{}",
    "nested too deep": b"[" * 200_000,
}
NO_JSON = {
    **FOREIGN,
    **{f"cut at {at}": bytes_of(RECORD)[:at] for at in (1, 9, 30, len(bytes_of(RECORD)) - 1)},
    "two": bytes_of(RECORD) * 2,
    "NaN": b'{"name": "fc1", "seed": 0, "history": [{"loss": NaN}]}',
    "infinity": b'{"name": "fc1", "seed": 0, "history": [Infinity]}',
    "minus infinity": b'{"name": "fc1", "seed": 0, "history": [-Infinity]}',
    "beyond float64": b'{"name": "fc1", "seed": 0, "history": [1e999]}',
    "no name": bytes_of({"seed": 0, "history": []}),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "record"


def refused(path, call):
    """The error of a call names the file and says what to do, and is a ValueError."""
    with pytest.raises(files.FileError) as error:
        call()
    assert str(path) in str(error.value) and f"train {path} again" in str(error.value)


class TestJson:
    def test_comes_back_as_it_was_written(self, path):
        files.write_json(path, RECORD)
        assert files.read_json(path) == files.read_json(str(path), KEYS) == RECORD
        assert path.read_bytes() == json.dumps(RECORD, indent=1).encode()

    @pytest.mark.parametrize("kind", NO_JSON)
    def test_that_is_none_or_another_is_refused(self, path, kind):
        path.write_bytes(NO_JSON[kind])
        refused(path, lambda: files.read_json(path, KEYS, MEND))

    def test_that_is_missing_or_a_folder_is_refused(self, path):
        refused(path, lambda: files.read_json(path, KEYS, MEND))
        path.mkdir()
        refused(path, lambda: files.read_json(path, KEYS, MEND))

    def test_what_is_built_of_it_is_checked_too(self, path):
        files.write_json(path, RECORD)
        assert files.read_json(path, build=lambda found: found["history"][0]["loss"]) == 0.25
        for build in (
            lambda found: found["torch"],
            lambda found: found["history"]["loss"],
            lambda found: found["history"].items(),
            lambda found: float(found["name"]),
            lambda found: [1][found["history"][0]["epoch"]],
        ):
            refused(path, lambda build=build: files.read_json(path, mend=MEND, build=build))

    def test_is_refused_wherever_it_is_cut(self, path):
        whole = bytes_of(RECORD)
        for kept in range(len(whole)):
            path.write_bytes(whole[:kept])
            refused(path, lambda: files.read_json(path, mend=MEND))

    @pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float64("nan")])
    def test_of_what_is_not_finite_is_not_written(self, path, bad):
        files.write_json(path, RECORD)
        for value, place in (
            (RECORD | {"history": [{"epoch": 1, "loss": bad}]}, "history, 0, loss"),
            ({"a": (1.0, bad)}, "a, 1"),
        ):
            with pytest.raises(ValueError, match=f"record: expected finite numbers, .* {place}"):
                files.write_json(path, value)
        with pytest.raises(ValueError, match="expected finite numbers"):
            files.write_json(path, bad)
        assert files.read_json(path) == RECORD


class TestSafetensors:
    @pytest.fixture
    def whole(self, path):
        content = safetensors.numpy.save(ARRAYS)
        path.write_bytes(content)
        return content

    def test_come_back_as_they_were_saved(self, path, whole):
        for got in (
            files.read_safetensors(path),
            files.read_safetensors(str(path), files.digest(whole)),
        ):
            assert got.keys() == ARRAYS.keys()
            for key, array in ARRAYS.items():
                np.testing.assert_array_equal(got[key], array)

    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float8_e4m3fn])
    def test_of_numbers_that_numpy_lacks_are_refused(self, path, dtype):
        path.write_bytes(safetensors.torch.save({"a": torch.ones(2).to(dtype)}))
        refused(path, lambda: files.read_safetensors(path, mend=MEND))

    @pytest.mark.parametrize("kind", [kind for kind in FOREIGN if kind != "an empty object"])
    def test_of_another_format_are_refused(self, path, kind):
        path.write_bytes(FOREIGN[kind])
        refused(path, lambda: files.read_safetensors(path, mend=MEND))

    def test_are_refused_wherever_they_are_cut(self, path, whole):
        for kept in range(len(whole)):
            path.write_bytes(whole[:kept])
            refused(path, lambda: files.read_safetensors(path, mend=MEND))

    def test_of_another_digest_are_refused(self, path, whole):
        refused(path, lambda: files.read_safetensors(path, "0" * 64, mend=MEND))

    def test_that_are_missing_or_a_folder_are_refused(self, path):
        refused(path, lambda: files.read_safetensors(path, mend=MEND))
        path.mkdir()
        refused(path, lambda: files.read_safetensors(path, mend=MEND))
