"""Checkpoints read tensor by tensor: alone, resumed, by many processes, and damaged."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import load_file, save_file
from torch import nn

from vslib import networks
from vslib.files import FileError
from vslib.report import report, shards
from vslib.report.store import RowsError

PLANTED = {"layers.2.up.weight": 64, "layers.1.down.weight": 5}


def rows(found):
    return {row["name"]: row for row in found.table.to_dict("records")}


def save_sharded(folder, shards):
    names, size = {}, 0
    for i, tensors in enumerate(shards):
        file = f"model-{i + 1:05d}-of-{len(shards):05d}.safetensors"
        save_file(tensors, folder / file)
        names |= dict.fromkeys(tensors, file)
        size += sum(t.numel() * t.element_size() for t in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": names}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return size


def made(folder, wide, narrow, layers, words):
    """A checkpoint of bfloat16 shards, in which two matrices have lower ranks."""
    draw = torch.Generator().manual_seed(0)

    def normal(*shape):
        return (0.02 * torch.randn(*shape, generator=draw)).bfloat16()

    parts = [{"embed.weight": normal(words, narrow)}]
    for i in range(layers):
        part = {f"layers.{i}.{k}.weight": normal(narrow, narrow) for k in "qk"}
        part |= {f"layers.{i}.up.weight": normal(wide, narrow)}
        part |= {f"layers.{i}.down.weight": normal(narrow, wide)}
        part |= {f"layers.{i}.norm.weight": torch.ones(narrow).bfloat16()}
        for name in part.keys() & PLANTED.keys():
            m, n = part[name].shape
            r = PLANTED[name]
            both = (torch.randn(*shape, generator=draw) for shape in ((m, r), (r, n)))
            left, right = both
            part[name] = (0.02 / r**0.5 * left @ right).bfloat16()
        parts.append(part)
    return save_sharded(folder, parts)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """300 MB of bfloat16 in eight shards."""
    folder = tmp_path_factory.mktemp("large")
    size = made(folder, wide=4096, narrow=1024, layers=12, words=24000)
    assert 280e6 < size < 320e6
    return folder


@pytest.fixture
def small(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    made(folder, wide=200, narrow=80, layers=3, words=300)
    return folder


def same(one, other):
    assert one.table.equals(other.table)
    assert one.spectra.keys() == other.spectra.keys()
    assert all(np.array_equal(one.spectra[name], other.spectra[name]) for name in one.spectra)
    assert one.skipped == other.skipped


class TestColumns:
    def test_planted_ranks_are_found_in_bfloat16_and_all_columns_are_the_dense_ones(self, small):
        found = report(small)
        table = rows(found)
        tensors = {}
        for path in small.glob("*.safetensors"):
            tensors |= load_file(path)
        assert {f"{name}.weight" for name in table} | found.skipped.keys() == tensors.keys()
        for key, tensor in tensors.items():
            if tensor.ndim < 2:
                assert found.skipped[key] == "a vector, no matrix"
                continue
            row, A = table[key.removesuffix(".weight")], tensor.double().numpy()
            s = np.linalg.svd(A, compute_uv=False)
            r = int(row["rank"])
            if key in PLANTED:
                assert r == PLANTED[key]
            else:
                # What rounding to bfloat16 might have made of it is not decided by its numbers.
                assert min(A.shape) - (A.shape[0] == A.shape[1]) <= r <= min(A.shape)
            assert (row["m"], row["n"]) == A.shape, key
            assert row["condition number"] == pytest.approx(s[0] / s[r - 1], rel=1e-6)
            assert row["stable rank"] == pytest.approx((s[:r] ** 2).sum() / s[0] ** 2)
            assert row["dtype"] == "bfloat16" and row["reading"] == "as stored"
            assert np.allclose(found.spectra[row["name"]], s, atol=1e-7 * s[0])
            assert (row["above"] > 0) == (key in PLANTED)
        assert found.words[1].startswith(
            "Not of full rank: layers.1.down (5 of 80), layers.2.up (64 "
        )

    @pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
    def test_a_module_and_its_checkpoint_have_the_same_rows(self, dtype, tmp_path):
        torch.manual_seed(0)
        model = nn.ModuleDict(
            {
                "fc": nn.Linear(30, 20),
                "conv": nn.Conv2d(3, 5, 3),
                "mha": nn.MultiheadAttention(8, 2),
                "lstm": nn.LSTM(4, 3, bidirectional=True, proj_size=2),
                "gru": nn.GRUCell(4, 3),
            }
        ).to(dtype)
        with torch.no_grad():
            model["fc"].weight[3] = 0
            model["fc"].weight[:, [1, 4]] = 0
        save_file(model.state_dict(), tmp_path / "model.safetensors")
        whole = report(model).table
        arrays = report(model.state_dict()).table.set_index("name")
        stored = report(tmp_path / "model.safetensors").table.set_index("name")
        assert sorted(stored.index) == sorted(whole["name"])
        numbers = [c for c in whole.columns if whole[c].dtype.kind in "iuf"]
        for found in (stored, arrays):
            given = found.loc[whole["name"], numbers].to_numpy(float)
            assert np.allclose(whole[numbers].to_numpy(float), given, rtol=1e-8)
        assert stored.loc["fc", ["dead inputs", "dead outputs"]].tolist() == [2, 1]

    def test_an_npz_file_and_arrays_by_name(self, tmp_path):
        arrays = networks.weights("fc5")
        np.savez(tmp_path / "fc5.npz", **arrays)
        one, other = report(tmp_path / "fc5.npz"), report(arrays)
        assert one.table.equals(other.table)
        assert one.kind == "fc5.npz" and other.kind == "dict of arrays"
        assert np.array_equal(one.table["rank"], report(networks.load("fc5")).table["rank"])

    def test_blocks_make_no_difference(self, small, monkeypatch):
        whole = report(small)
        monkeypatch.setattr("vslib.report.stream.BLOCK", 999)
        parts = report(small)
        for column in whole.table.columns:
            if whole.table[column].dtype.kind == "f":
                assert np.allclose(whole.table[column], parts.table[column], rtol=1e-9)
            else:
                assert whole.table[column].equals(parts.table[column])


class TestStored:
    def test_one_that_was_cut_off_goes_on_where_it_stopped(self, small, tmp_path, monkeypatch):
        store, plain, called = tmp_path / "rows.jsonl", report(small), []
        one = shards.of_tensor

        def cut(tensor, *rest):
            called.append(tensor.name)
            if len(called) == 4:
                raise KeyboardInterrupt
            return one(tensor, *rest)

        monkeypatch.setattr(shards, "of_tensor", cut)
        with pytest.raises(KeyboardInterrupt):
            report(small, store=store)
        assert called[0] == "embed.weight"  # what takes longest comes first
        with store.open("ab") as file:
            file.write(b'["cut in the mi')
        same(report(small, store=store), plain)
        assert len(called) == len(plain.table) + 1
        same(report(small, store=store), plain)
        assert len(called) == len(plain.table) + 1

    def test_rows_of_other_numbers_are_not_taken(self, small, tmp_path):
        store = tmp_path / "rows.jsonl"
        report(small, store=store)
        path = small / "model-00002-of-00004.safetensors"
        tensors = load_file(path)
        tensors["layers.0.q.weight"][3, 4] += 1
        save_file(tensors, path)
        same(report(small, store=store), report(small))

    def test_a_row_that_cannot_be_computed_loses_no_other(self, small, tmp_path, monkeypatch):
        store, one = tmp_path / "rows.jsonl", shards.of_tensor

        def broken(tensor, *rest):
            if tensor.name == "layers.0.q.weight":
                raise MemoryError("no room")
            return one(tensor, *rest)

        monkeypatch.setattr(shards, "of_tensor", broken)
        with pytest.raises(RowsError, match=r"expected 13 rows, got 12; none for layers.0.q: Mem"):
            report(small, store=store)
        assert len(store.read_text().splitlines()) == 12

    def test_a_full_disk_is_said_and_what_was_stored_stays(self, small, tmp_path):
        # The kernel's own refusal: files may not grow beyond this.
        script = (
            "import resource, signal, sys; from vslib.report import report\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
            "report(sys.argv[1], store=sys.argv[2])"
        )
        store = tmp_path / "rows.jsonl"
        done = subprocess.run(
            [sys.executable, "-c", script, small, store], capture_output=True, text=True, cwd=ROOT
        )
        assert "RowsError" in done.stderr and "expected room for rows, got" in done.stderr
        kept = store.read_text().splitlines()
        assert len(kept) > 1 and all(len(json.loads(line)) == 3 for line in kept)
        same(report(small, store=store), report(small))

    def test_a_file_of_something_else_is_not_written_over(self, small, tmp_path):
        store = tmp_path / "poem.txt"
        store.write_text("so much depends\nupon\n")
        with pytest.raises(
            RowsError, match="expected rows of a report, a line each, got b'so much"
        ):
            report(small, store=store)
        assert store.read_text() == "so much depends\nupon\n"

    @pytest.mark.parametrize("store", [".", "/dev/full"])
    def test_what_is_no_file_is_not_read_without_end(self, small, store):
        with pytest.raises(RowsError, match="expected a file of rows, got a folder or a device"):
            report(small, store=store)


class TestExecutors:
    @pytest.mark.parametrize("kind", ["threads", "processes"])
    def test_rows_are_those_of_one_process(self, small, kind):
        if kind == "threads":
            executor = ThreadPoolExecutor(2)
        else:
            executor = ProcessPoolExecutor(2, mp_context=get_context("spawn"))
        with executor:
            same(report(small, executor=executor), report(small))

    def test_processes_that_die_lose_no_row_that_was_stored(self, small, tmp_path):
        store = tmp_path / "rows.jsonl"
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
            executor.submit(os.getpid).result()
            killing = Killing(executor, lambda: [*executor._processes][:1], after=3)
            with pytest.raises(RowsError, match=r"BrokenProcessPool.*the others are stored in"):
                report(small, executor=killing, store=store)
        assert 3 <= len(store.read_text().splitlines()) < 13
        same(report(small, store=store), report(small))

    def test_dask_on_two_processes_gives_the_rows_of_one(self, large):
        distributed = pytest.importorskip("distributed")
        alone = report(large)
        with _cluster(distributed) as cluster, distributed.Client(cluster) as client:
            same(report(large, executor=client.get_executor()), alone)
            pids = client.run(os.getpid)
        assert len(set(pids.values())) == 2
        table = rows(alone)
        for name, rank in PLANTED.items():
            assert table[name.removesuffix(".weight")]["rank"] == rank

    def test_a_worker_of_dask_that_is_killed_loses_no_row(self, large, tmp_path):
        distributed = pytest.importorskip("distributed")
        store = tmp_path / "rows.jsonl"
        with _cluster(distributed) as cluster, distributed.Client(cluster) as client:
            before = client.run(os.getpid)
            executor = Killing(client.get_executor(), lambda: [*before.values()][:1], after=4)
            found = report(large, executor=executor, store=store)
            assert executor.killed
        assert len(store.read_text().splitlines()) == len(found.table) == 49
        assert found.table["rank"].notna().all()


def _cluster(distributed):
    return distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )


class Killing:
    """An executor that kills a process of its own when some calls are done."""

    def __init__(self, executor, pids, after):
        self.executor, self.pids, self.left, self.killed = executor, pids, after, []

    def submit(self, *call):
        future = self.executor.submit(*call)
        future.add_done_callback(self._done)
        return future

    def _done(self, future):
        self.left -= 1
        if self.left == 0:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
                self.killed.append(pid)


class TestDamaged:
    @pytest.fixture
    def path(self, tmp_path):
        path = tmp_path / "model.safetensors"
        save_arrays({"a.weight": np.ones((4, 3), np.float32), "b": np.ones(2)}, path)
        return path

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"", "got a header of 0 bytes in a file of 0"),
            (b"GIF89a and so on, for a while", "got a header of"),
            (b"\x02\x00\x00\x00\x00\x00\x00\x00[]", "got 'list' object has no attribute"),
            (b'\x07\x00\x00\x00\x00\x00\x00\x00{"a": 3', "got Expecting"),
            (b'\x0a\x00\x00\x00\x00\x00\x00\x00{"a": {}} ', "got KeyError: 'shape'"),
        ],
    )
    def test_a_file_of_another_format(self, tmp_path, content, words):
        path = tmp_path / "model.safetensors"
        path.write_bytes(content)
        with pytest.raises(FileError, match=f"{path}: expected a safetensors file, {words}"):
            report(path)

    @pytest.mark.parametrize("left", [1, 9, 60, -1])
    def test_a_file_that_was_cut(self, path, left):
        path.write_bytes(path.read_bytes()[:left])
        with pytest.raises(FileError, match=f"{path}: expected a safetensors file, got"):
            report(path)

    @pytest.mark.parametrize(
        "change",
        [
            ("[4,3]", "[4,4]"),
            ("F32", "F16"),
            ("[4,3]", "[4.5]"),
            ("[4,3]", "null"),
            ("[16,64]", "[ 8,56]"),  # the bytes of b
        ],
    )
    def test_a_header_that_contradicts_itself(self, path, change):
        path.write_bytes(path.read_bytes().replace(*(part.encode() for part in change)))
        with pytest.raises(FileError, match=f"{path}: expected a safetensors file, got"):
            report(path)

    def test_what_is_missing(self, small, tmp_path):
        (tmp_path / "empty").mkdir()
        with pytest.raises(
            FileError, match=r"empty: expected a folder with .safetensors files, got"
        ):
            report(tmp_path / "empty")
        with pytest.raises(FileError, match=r"nowhere\.safetensors is missing"):
            report(tmp_path / "nowhere.safetensors")
        with pytest.raises(FileError, match=r"nowhere\.npz is missing"):
            report(tmp_path / "nowhere.npz")
        shard = small / "model-00003-of-00004.safetensors"
        content = shard.read_bytes()
        shard.unlink()
        with pytest.raises(FileError, match=r"00003-of-00004\.safetensors is missing, which model"):
            report(small)
        shard.write_bytes(content)
        tensors = load_file(shard)
        del tensors["layers.1.q.weight"]
        save_file(tensors, shard)
        with pytest.raises(
            FileError, match=r"expected layers\.1\.q\.weight, which model.* got none"
        ):
            report(small)

    def test_two_shards_with_one_name(self, path):
        (path.parent / "other.safetensors").write_bytes(path.read_bytes())
        with pytest.raises(FileError, match=r"expected names of its own, got b, which"):
            report(path.parent)

    @pytest.mark.parametrize("content", ["{}", "[]", '{"weight_map": 3}', "{"])
    def test_an_index_that_is_none(self, small, content):
        (small / "model.safetensors.index.json").write_text(content)
        with pytest.raises(FileError, match=r"index\.json is damaged"):
            report(small)

    def test_numbers_that_are_not_finite_are_named_and_cost_no_other_row(self, path):
        bad = np.ones((4, 3), np.float32)
        bad[1, 2], bad[2, 2] = np.nan, np.inf
        save_arrays({"a.weight": bad, "b.weight": np.eye(3)}, path)
        found = report(path)
        assert rows(found)["b"]["rank"] == 3 and np.isnan(rows(found)["a"]["rank"])
        assert "a: expected finite numbers, got 2 NaN or infinite of 12." in found.words
        assert "expected finite numbers" in found.html()
        with pytest.raises(ValueError, match=r"none for a: .* expected finite numbers, got 2"):
            report({"a.weight": bad})

    def test_packed_integers_are_listed(self, path):
        save_arrays({"q.weight": np.ones((3, 3), np.int8), "a.weight": np.eye(3)}, path)
        assert report(path).skipped == {"q.weight": "of I8: packed, quantised, or no weights"}
        save_arrays({"q.weight": np.ones((3, 3), np.int8)}, path)
        with pytest.raises(ValueError, match=r"expected tensors that are matrices, got none; 'q"):
            report(path)

    def test_what_a_checkpoint_cannot_be_asked(self, path):
        with pytest.raises(ValueError, match="expected none with a checkpoint; give the module"):
            report(path, images=np.ones((3, 3)))
        with pytest.raises(ValueError, match="expected none with a module; give its checkpoint"):
            report(nn.Linear(2, 2), store="rows.jsonl")
        with pytest.raises(ValueError, match="expected names of parameters, got the key 3"):
            report({3: np.eye(2)})

    def test_npz_files_are_never_unpickled(self, tmp_path):
        path = tmp_path / "model.npz"
        np.savez(path, W=np.array([object()]))
        with pytest.raises(FileError, match=r"expected an .npz file of numbers, got"):
            report(path)
        path.write_bytes(b"PK no zip")
        with pytest.raises(FileError, match=r"expected an .npz file of numbers, got"):
            report(path)
