"""Files that are either whole or not there."""

import os
import signal
import subprocess
import sys
import time
import zipfile
import zlib
from pathlib import Path

import pytest

import vslib
from vslib import files

OLD, NEW = b"old" * 1000, b"new" * 2_000_000


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(OLD)
    return path


def writer(body, path):
    """A process of its own that writes NEW to `path` once or for ever."""
    script = f"""
import os, signal, sys
from vslib import files

def kill(*_):
    os.kill(os.getpid(), signal.SIGKILL)

path, new = sys.argv[1], b"new" * 2_000_000
{body}
"""
    return subprocess.Popen([sys.executable, "-c", script, path], stdout=subprocess.PIPE)


class TestWrite:
    @pytest.mark.parametrize("content", [b"", b"\0", NEW])
    def test_replaces_all_of_the_content_and_leaves_nothing_else(self, path, content):
        files.write(path, content)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]

    def test_makes_the_folders_that_it_needs(self, tmp_path):
        path = tmp_path / "a" / "b" / "file"
        files.write(str(path), b"content")
        assert path.read_bytes() == b"content"
        assert path.stat().st_mode & 0o777 == 0o644

    @pytest.mark.parametrize("step", ["fsync", "replace"])
    def test_that_fails_half_way_leaves_what_was_there(self, path, step, monkeypatch):
        def fail(*_):
            raise OSError("disk full")

        monkeypatch.setattr(os, step, fail)
        with pytest.raises(OSError, match="disk full"):
            files.write(path, NEW)
        assert path.read_bytes() == OLD
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
    def test_that_is_killed_before_its_end_leaves_what_was_there(self, path, step):
        process = writer(f"os.{step} = kill; files.write(path, new)", path)
        assert process.wait() == -signal.SIGKILL
        assert path.read_bytes() == OLD

    def test_that_is_killed_at_any_moment_leaves_a_whole_file(self, path):
        process = writer(
            "while True: files.write(path, new); print(flush=True); files.write(path, b'')",
            path,
        )
        process.stdout.readline()
        seen = set()
        for _ in range(20):
            seen.add(path.read_bytes())
            time.sleep(0.005)
        process.kill()
        process.wait()
        assert {*seen, path.read_bytes()} <= {b"", NEW}


class TestRead:
    def test_gives_what_has_the_right_digest(self, path):
        assert files.read(path, files.digest(OLD)) == OLD

    def test_checks_what_was_decoded(self, path):
        path.write_bytes(zlib.compress(OLD))
        assert files.read(path, files.digest(OLD), zlib.decompress) == OLD

    @pytest.mark.parametrize("content", [b"", OLD[:-1], OLD + b"!", OLD.replace(b"o", b"0", 1)])
    def test_of_other_content_says_both_digests_and_how_to_mend_it(self, path, content):
        path.write_bytes(content)
        with pytest.raises(files.FileError) as error:
            files.read(path, files.digest(OLD))
        for words in (
            f"{path} is damaged: expected sha256 {files.digest(OLD)}, got {files.digest(content)}",
            f"restore it with `git checkout -- {path}`, or install vslib again",
        ):
            assert words in str(error.value)

    def test_of_what_cannot_be_decoded_says_how_to_mend_it(self, path):
        with pytest.raises(files.FileError, match=r"is damaged \(.*header.*\); restore it with"):
            files.read(path, files.digest(OLD), zlib.decompress)

    def test_of_a_missing_file_says_how_to_mend_it(self, path):
        path.unlink()
        with pytest.raises(files.FileError, match="is missing; restore it with `git checkout"):
            files.read(path, files.digest(OLD))

    def test_errors_are_value_errors(self):
        assert issubclass(files.FileError, ValueError)


def test_digest_is_sha256_of_all_parts():
    # The example of FIPS 180-2.
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert files.digest(b"abc") == files.digest(b"a", b"", b"bc") == abc


class TestWithoutADigest:
    def test_contents_are_given_as_they_are(self, path):
        assert files.read(path) == files.read(str(path)) == OLD
        path.write_bytes(zlib.compress(OLD))
        assert files.read(path, decode=zlib.decompress) == OLD

    def test_an_empty_file_is_refused_with_the_advice_given(self, path):
        path.write_bytes(b"")
        with pytest.raises(files.FileError, match=r"file\.bin is damaged: it is empty; draw .*bin"):
            files.read(path, mend="draw {path} again")
        assert files.read(path, files.digest()) == b""

    def test_a_folder_is_refused(self, tmp_path):
        with pytest.raises(files.FileError, match="is a folder; restore it"):
            files.read(tmp_path)


# What a reader does first, with vslib on the path as one file.
PACKED = """
import sys
import numpy as np
import vslib
from vslib import files, mnist, networks, paper
from vslib.show import widgets
from vslib.synthesis import stored
assert vslib.__file__.startswith(sys.argv[1]), vslib.__file__
assert mnist.load("test")[0].shape == (10_000, 28, 28)
assert vslib.Subspaces(networks.weights("fc1")["layer1.weight"]).rank == 10
assert stored.load("fc1").targets.shape == (10, 10)
assert paper.claims() and paper.stored()
widgets.plane([[1, 1, 0], [0, 1, 1]], [1, 2, 3])
for missing in (mnist.FOLDER, networks.shipped.FOLDER):
    try:
        files.read(missing / "none.xz")
    except files.FileError as error:
        assert "none.xz is missing" in str(error) and sys.argv[1] in str(error)
    else:
        raise AssertionError
"""


def test_all_that_ships_is_read_out_of_a_zip_file_too(tmp_path):
    package, archive = Path(vslib.__file__).parent, tmp_path / "vslib.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for path in package.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                packed.write(path, path.relative_to(package.parent))
    done = subprocess.run(
        [sys.executable, "-c", PACKED, str(archive)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(archive)},
    )
    assert done.returncode == 0, done.stderr
