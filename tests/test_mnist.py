"""The data that ships: whole, checked, and split the same way each time."""

import gzip
import lzma
import shutil
import tracemalloc
from typing import ClassVar

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from vslib import files, mnist

COUNTS = {
    "train": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
    "test": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
}
SMALL = "t10k-labels-idx1-ubyte"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the test part, read from there and not from memory."""
    for path in mnist.FOLDER.glob("t10k*"):
        shutil.copy(path, tmp_path)
    monkeypatch.setattr(mnist, "FOLDER", tmp_path)
    monkeypatch.setattr(mnist, "load", mnist.load.__wrapped__)
    return tmp_path


class TestLoad:
    @pytest.mark.parametrize("part, number", [("train", 60_000), ("test", 10_000)])
    def test_gives_all_images_and_labels(self, part, number):
        images, labels = mnist.load(part)
        assert images.shape == (number, 28, 28) and images.dtype == np.float32
        assert labels.shape == (number,) and labels.dtype == np.int64
        assert images.min() == 0 and images.max() == 1
        assert_array_equal(np.bincount(labels), COUNTS[part])

    def test_gives_the_grey_values_that_are_known(self):
        images, labels = mnist.load("train")
        assert_allclose(
            [images.mean(dtype=float), images.std(dtype=float)], [0.13066, 0.30811], atol=1e-5
        )
        assert_array_equal(labels[:10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
        assert_array_equal(np.unique(np.rint(images * 255) - images * 255), 0)

    def test_makes_no_second_copy_of_the_images(self):
        tracemalloc.start()
        try:
            images, _ = mnist.load.__wrapped__("train")
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 1.9 * images.nbytes  # with the file, whose bytes are a quarter of them

    def test_averages_take_no_copy_of_all_images(self):
        images, labels = mnist.load("train")
        tracemalloc.start()
        try:
            mnist.class_averages(images, labels)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 0.5 * images.nbytes

    def test_cannot_be_written_to(self):
        for array in mnist.load("test"):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0

    @pytest.mark.parametrize("part", ["validation", "Train", "", None, 0])
    def test_of_another_part_is_an_error(self, part):
        with pytest.raises(ValueError, match="expected 'train' or 'test', got"):
            mnist.load(part)


class TestDamage:
    def test_copy_is_read(self, folder):
        images, labels = mnist.load("test")
        assert len(images) == len(labels) == 10_000

    @pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", SMALL])
    def test_of_any_byte_is_noticed(self, folder, name):
        path = folder / f"{name}.xz"
        whole = path.read_bytes()
        for position in np.random.default_rng(0).integers(len(whole), size=10):
            damaged = bytearray(whole)
            damaged[position] ^= 1
            path.write_bytes(damaged)
            with pytest.raises(files.FileError, match=f"{name}.xz is damaged .*; restore it with"):
                mnist.load("test")

    @pytest.mark.parametrize("kept", [0, 0.5, 0.999])
    def test_of_a_file_cut_short_is_noticed(self, folder, kept):
        path = folder / f"{SMALL}.xz"
        whole = path.read_bytes()
        path.write_bytes(whole[: int(kept * len(whole))])
        with pytest.raises(files.FileError, match="is damaged"):
            mnist.load("test")

    def test_that_compresses_well_is_noticed_by_its_digest(self, folder):
        path = folder / f"{SMALL}.xz"
        content = bytearray(lzma.decompress(path.read_bytes()))
        content[100] ^= 1
        path.write_bytes(lzma.compress(content))
        with pytest.raises(files.FileError, match=f"expected sha256 {mnist.SHA256[SMALL]}, got"):
            mnist.load("test")

    def test_is_not_another_compression_of_the_same(self, folder):
        path = folder / f"{SMALL}.xz"
        path.write_bytes(lzma.compress(lzma.decompress(path.read_bytes()), preset=0))
        assert len(mnist.load("test")[1]) == 10_000

    @pytest.mark.parametrize("name", ["t10k-images-idx3-ubyte", SMALL])
    def test_by_a_missing_file_says_which_and_how_to_mend_it(self, folder, name):
        path = folder / f"{name}.xz"
        path.unlink()
        with pytest.raises(files.FileError) as error:
            mnist.load("test")
        assert f"{path} is missing; restore it with `git checkout -- {path}`" in str(error.value)


def test_licence_note_ships_beside_the_data_with_its_digests():
    note = (mnist.FOLDER / "LICENSE.md").read_text()
    assert "CC BY-SA 3.0" in note
    for name, sha256 in mnist.SHA256.items():
        assert f"{sha256}  {name}" in note
        assert (mnist.FOLDER / f"{name}.xz").is_file()


class TestSplit:
    @pytest.mark.parametrize("seed", [0, 1, 7])
    def test_is_a_partition(self, seed):
        training, validation = mnist.split(seed)
        assert (len(training), len(validation)) == (50_000, 10_000)
        assert_array_equal(np.sort(np.concatenate([training, validation])), np.arange(60_000))

    def test_is_seeded(self):
        for part, again, other in zip(mnist.split(), mnist.split(0), mnist.split(1), strict=True):
            assert_array_equal(part, again)
            assert (part != other).any()

    def test_is_the_one_that_the_shipped_networks_were_validated_by(self):
        # Should NumPy change its permutations some day, it would be another one.
        _, validation = mnist.split(0)
        assert validation[:5].tolist() == [38678, 27863, 30816, 24943, 7614]

    def test_has_every_digit_in_both_parts_in_like_shares(self):
        _, labels = mnist.load("train")
        training, validation = (np.bincount(labels[part]) / len(part) for part in mnist.split())
        assert_allclose(training, validation, atol=0.01)


class TestClassAverages:
    def test_are_the_means_of_each_digit(self):
        images, labels = mnist.load("test")
        averages = mnist.class_averages(images, labels)
        assert averages.shape == (10, 28, 28) and averages.dtype == np.float64
        for digit in range(10):
            total, count = np.zeros((28, 28)), 0
            for i in np.flatnonzero(labels == digit):
                total += images[i]
                count += 1
            assert_allclose(averages[digit], total / count, atol=1e-12)

    def test_of_other_shapes_keep_them(self):
        assert mnist.class_averages(np.ones((10, 3)), range(10)).shape == (10, 3)


class TestRead:
    """IDX files of the reader's own."""

    TYPES: ClassVar = {"u1": 8, "i1": 9, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}

    def idx(self, array):
        kind = self.TYPES[array.dtype.str[1:]]
        sizes = np.array(array.shape, ">u4").tobytes()
        content = array.astype(array.dtype.newbyteorder(">")).tobytes()
        return bytes([0, 0, kind, array.ndim]) + sizes + content

    @pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
    @pytest.mark.parametrize("kind", TYPES)
    @pytest.mark.parametrize("shape", [(5,), (3, 2), (4, 3, 2), (2, 1, 2, 3)])
    def test_gives_the_array_of_any_type_and_axes(self, tmp_path, pack, kind, shape):
        array = np.random.default_rng(0).integers(-100, 100, shape).astype(kind)
        path = tmp_path / "own-idx"
        path.write_bytes(pack(self.idx(array)))
        got = mnist.read(path)
        assert_array_equal(got, array)
        assert got.dtype == array.dtype

    def test_reads_the_shipped_files_too(self):
        images = mnist.read(mnist.FOLDER / "t10k-images-idx3-ubyte.xz")
        assert_array_equal(np.float32(images) / 255, mnist.load("test")[0])

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "it is empty"),
            (b"\0\0\x08", "no IDX magic number"),
            (b"<html>not found</html>", "no IDX magic number"),
            (b"version https://git-lfs.github.com/spec/v1", "no IDX magic number"),
            (b"\0\0\x08\x02\0\0\0\x01\0", "cut within the sizes"),
            (b"\0\0\x08\x01\0\0\0\x05abc", r"shape \(5,\) needs 13 bytes, got 11"),
            (b"\0\0\x08\x01\0\0\0\x02abc", "needs 10 bytes, got 11"),
            (b"\0\0\x08\x03" + b"\xff" * 12 + b"abc", "needs .* bytes, got 19"),
            (gzip.compress(b"\0\0\x08\x01\0\0\0\x05abcde", mtime=0)[:-9], ""),
            (lzma.compress(b"\0\0\x08\x01\0\0\0\x05abcde")[:-9], ""),
            (b"\0\0\x08\xff" + bytes(4 * 255), "255|dimension"),
            (b"\0\0\x07\x01\0\0\0\x01a", "no IDX magic number"),
            (b"\0\1\x08\x01\0\0\0\x01a", "no IDX magic number"),
            (b"\0\0\x08\x00a", "no IDX magic number"),
        ],
    )
    def test_what_is_none_is_a_file_error_with_its_name(self, tmp_path, content, why):
        path = tmp_path / "own-idx"
        path.write_bytes(content)
        with pytest.raises(files.FileError, match=rf"own-idx is damaged.*{why}"):
            mnist.read(path)

    def test_a_missing_one_too(self, tmp_path):
        with pytest.raises(files.FileError, match="nowhere is missing; expected an IDX file"):
            mnist.read(tmp_path / "nowhere")
