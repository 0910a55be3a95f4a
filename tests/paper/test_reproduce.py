"""The paper's table: what is stored, fresh computations of it, and the command that makes it."""

import json
import re
import sys
from pathlib import Path
from types import MappingProxyType

import nbformat
import numpy as np
import pytest
from myst_parser.mdit_to_docutils.base import default_slugify
from numpy.testing import assert_allclose

from vslib import Subspaces, layers, mnist, networks, paper
from vslib import __main__ as command_line
from vslib.paper import VERDICTS, Number, outside, table
from vslib.paper.reproduce import _figure_2
from vslib.paper.spread import SEEDS
from vslib.synthesis import PAPER, stored, synthesize

ROOT = Path(__file__).resolve().parents[2]
CLAIMS = {claim.key: claim for claim in paper.claims()}
KNOWN = paper.stored()

every_claim = pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)


@pytest.fixture(scope="module")
def resnet18():
    return networks.load("resnet18"), networks.load("resnet18", epoch=0)


@pytest.fixture(scope="module")
def resnet18_avg(resnet18):
    """The synthesis of figure 3 from three average images: each goes its own way."""
    starts = stored.load("resnet18", lowest="own")
    network, start = layers.fast(resnet18[0]), starts.images()["avg"]
    return synthesize(network, start[:3], starts.targets[:3], progress=False, **PAPER)


@pytest.fixture(scope="module")
def measured():
    """What is measured of the two simple networks, computed anew."""
    return {name: paper.measure(paper.shipped(name)) for name in ("fc1", "fc5")}


@pytest.fixture(scope="module")
def fresh(measured, resnet18):
    """All numbers but those that need the answers of resnet18 to all images."""
    numbers = measured["fc1"][0] | measured["fc5"][0] | paper.figure_2(*resnet18)
    return numbers | paper.identical_images(resnet18[0], mnist.load("test")[0][:4])


def value(key):
    return KNOWN[key].value


class TestClaims:
    def test_are_those_of_all_parts_of_the_paper_with_every_verdict(self):
        assert {claim.group for claim in CLAIMS.values()} == set(paper.GROUPS)
        assert {claim.verdict for claim in CLAIMS.values()} == set(VERDICTS)
        assert len(CLAIMS) >= 35

    @every_claim
    def test_say_what_they_rest_on(self, claim):
        filled = claim.filled({key: number.value for key, number in KNOWN.items()})
        assert filled.here and filled.why and "{" not in filled.here + filled.why
        named = set(re.findall(r"\{(\w+)", claim.here + claim.why))
        assert named <= set(claim.numbers) <= set(KNOWN)

    @every_claim
    def test_link_to_a_section_that_is_there(self, claim):
        chapter, _, heading = claim.section.partition("#")
        notebook = nbformat.read(ROOT / "book" / chapter, as_version=4)
        text = "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
        assert heading in re.findall(r"^##+ +(.+)$", text, flags=re.M)
        assert paper.slug(heading) == default_slugify(heading)
        assert f"({chapter}#{default_slugify(heading)})" in table()

    @every_claim
    def test_link_to_a_test_that_is_there(self, claim):
        path, _, name = claim.test.partition("::")
        text = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^\s*def {re.escape(name)}\(", text, flags=re.M)

    @pytest.mark.parametrize("claim", [c for c in CLAIMS.values() if c.agrees], ids=lambda c: c.key)
    def test_what_is_reproduced_is_near_the_papers_number(self, claim):
        number, digits = KNOWN[claim.agrees["number"]], claim.agrees["digits"]
        half = 0.5 * 10.0**-digits
        assert claim.verdict.startswith("reproduced")
        assert number.low - half <= claim.agrees["value"] <= number.high + half
        if claim.verdict == "reproduced":
            for seed in number.seeds or [number.value]:
                assert round(seed, digits) == claim.agrees["value"]


class TestNumbers:
    @pytest.mark.parametrize("key", KNOWN)
    def test_lie_in_their_own_spread(self, key):
        number = KNOWN[key]
        assert number.low <= number.value <= number.high
        assert all(number.low <= seed <= number.high for seed in number.seeds)
        assert number.spread

    def test_have_a_spread_over_seeds_where_several_were_trained(self):
        for key, number in KNOWN.items():
            if key.startswith(("fc1_", "fc5_")) and not key.endswith("recovered"):
                assert len(number.seeds) == SEEDS[key[:3]] >= 4
            assert number.seeds or number.spread.startswith(
                ("one seed", "rounding", "not beyond", "a thousandth", "the same for every seed")
            )

    def test_of_one_seed_say_so(self):
        for key in ("resnet18_test", "resnet18_fall", "kernels_change"):
            assert KNOWN[key].spread.startswith("one seed")


def test_the_numbers_are_those_of_a_fresh_computation(fresh):
    assert len(fresh) > 50
    for key, got in fresh.items():
        number = KNOWN[key]
        if key.startswith(("exact_", "identical_")):
            assert number.low <= got <= number.high, key
        else:
            assert_allclose(got, number.value, rtol=1e-3, atol=1e-3, err_msg=key)
    assert outside(fresh) == []


def test_what_is_exact_is_exact(fresh):
    exact = {key: got for key, got in fresh.items() if key.startswith("exact_")}
    assert len(exact) == 9 and exact.pop("exact_convolution") < 1e-4
    assert max(exact.values()) < 1e-9


def test_signal_vectors_are_no_more_binary_than_weights(fresh):
    signals, weights = fresh["fc1_binary_signals"], fresh["fc1_binary_weights"]
    assert abs(signals - weights) < 0.03 and abs(signals - 2 / np.pi) < 0.03
    rng = np.random.default_rng(0)
    two = rng.choice([-3.0, 3.0], size=(2, 1000))
    assert_allclose(paper.two_valuedness(two), 1)
    assert_allclose(paper.two_valuedness(rng.normal(size=(2, 100_000))), 2 / np.pi, atol=0.01)


def test_the_residual_of_8_is_a_bright_eight(fresh):
    assert fresh["fc1_ink_8"] > 0.7 and fresh["fc1_dark_8"] < 0.05


def test_single_images_leave_more_than_averages(fresh):
    pair = KNOWN["fc1_left_average"].seeds, KNOWN["fc1_left_single"].seeds
    for average, single in zip(*pair, strict=True):
        assert average + 0.02 < single
    assert fresh["fc1_left_average"] + 0.02 < fresh["fc1_left_single"]


def test_the_kernels_are_as_chance_has_them_and_their_change_is_not(fresh):
    assert fresh["kernels_p"] > 0.05 and fresh["kernels_line_p"] > 0.05
    assert fresh["kernels_change"] > 2


def test_no_seed_shows_all_four_patterns():
    seen = KNOWN["kernels_seen"].seeds
    assert max(seen) < 4 and min(seen) < max(seen)
    # The paper's own nine kernels would count as four.
    v = np.zeros((9, 9))
    v[0, [0, 3, 6]] = v[6, [6, 7, 8]] = v[8, [2, 4, 6]] = 1
    v[1, 7] = 1
    assert paper.looks(v)["kernels_seen"] == 4


@pytest.mark.parametrize("name", networks.NAMES)
def test_min_is_the_nearest_start_for_every_digit(name):
    for lowest in ("each", "own"):
        starts = stored.load(name, lowest)
        for distances in (starts.before, starts.after):
            assert (distances[1] < distances[[0, 2]]).all()
    minimal = paper.START[name].count("min")
    assert value(f"{name}_winners") == minimal < 10


def test_identical_copies_leave_no_gradient(fresh, resnet18):
    assert fresh["identical_spread"] < 1e-3 and fresh["identical_gradient"] < 1e-3


def test_asking_in_training_mode_leaves_no_trace():
    network = networks.load("resnet18").eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    with pytest.raises(ValueError, match="images: expected two or more, got 1"):
        paper.identical_images(network, mnist.load("test")[0][:1])
    paper.identical_images(network, mnist.load("test")[0][:2])
    assert not any(module.training for module in network.modules())
    assert all((value == before[key]).all() for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())


def test_resnet18_is_the_easiest_to_train_images_for(resnet18_avg, fresh):
    fall = 1 - resnet18_avg.after / resnet18_avg.before
    assert fall.min() > 0.1 > 4 * max(fresh["fc1_fall"], fresh["fc5_fall"])
    assert value("resnet18_fall") > 4 * max(value("fc1_fall"), value("fc5_fall"))


def test_a_change_of_half_the_gap_makes_two_singular_values_equal(resnet18):
    W = layers.matrices(resnet18[0])[paper.LAYER].values
    S = Subspaces(W)
    s = S.singular_values
    i = int(np.diff(s).argmax())
    u, v = S.signal_out[:, [i, i + 1]], S.signal[:, [i, i + 1]]
    half = (s[i] - s[i + 1]) / 2
    E = half * (np.outer(u[:, 1], v[:, 1]) - np.outer(u[:, 0], v[:, 0]))
    assert_allclose(np.linalg.norm(E, 2) / s[0], value("kernels_gap"), rtol=1e-3)
    changed = Subspaces(W + E).singular_values
    assert_allclose(changed[i], changed[i + 1], rtol=1e-12)
    # Nine values between the smallest and the largest leave no more than this between two.
    assert value("kernels_gap") <= (1 - 1 / S.condition_number) / 16


def test_the_stored_numbers_of_resnet18_are_those_of_a_sample_and_of_the_stored_starts(
    resnet18_avg,
):
    starts = stored.load("resnet18", lowest="own")
    for got, whole in ((resnet18_avg.before, starts.before), (resnet18_avg.after, starts.after)):
        assert_allclose(got, whole[0, :3], rtol=1e-3)
    for key, whole in (("before", starts.before), ("after", starts.after)):
        assert_allclose(value(f"resnet18_{key}_avg"), whole[0].mean(), rtol=1e-3)
        assert_allclose(value(f"resnet18_{key}_min"), whole[1].mean(), rtol=1e-3)
    assert_allclose(value("resnet18_fall"), (1 - starts.after / starts.before).mean(), rtol=1e-3)
    card = networks.card("resnet18")
    for part in ("validation", "test"):
        assert_allclose(value(f"resnet18_{part}"), card[f"{part}_accuracy"], atol=2e-4)


def test_fewer_than_half_stand_without_a_condition_and_a_fifth_were_not_found():
    counts = [sum(c.verdict == verdict for c in CLAIMS.values()) for verdict in VERDICTS]
    assert counts[0] < len(CLAIMS) / 2 and counts[3] == len(CLAIMS) / 5


class TestTable:
    def test_holds_every_claim_once_with_its_verdict(self):
        rows = table().splitlines()[2:]
        assert len(rows) == len(CLAIMS)
        for row, claim in zip(rows, CLAIMS.values(), strict=True):
            assert claim.claim in row and claim.verdict in row and claim.test in row

    def test_holds_only_what_the_numbers_allow(self):
        numbers = {key: n.value for key, n in KNOWN.items() if key.startswith("fc5_")}
        text = table(numbers)
        assert "| accuracy of the 5-layer network |" in text
        assert "accuracy of the 1-layer network" not in text

    def test_shows_the_spread_over_seeds(self):
        row = next(row for row in table().splitlines() if "of the single layer" in row)
        seeds = KNOWN["fc1_condition_number"].seeds
        assert f"{min(seeds):.2f} to {max(seeds):.2f} ({len(seeds)} seeds)" in row
        row = next(row for row in table().splitlines() if "accuracy of ResNet18" in row)
        assert "| one seed |" in row


class TestOutside:
    KNOWN = MappingProxyType({"fc1_test": Number(0.92, (0.91, 0.93), 0.9, 0.94, "two seeds")})

    def test_is_empty_where_all_is_well(self):
        assert outside({"fc1_test": 0.9}, self.KNOWN) == []

    @pytest.mark.parametrize("got", [0.8, 0.95, float("nan")])
    def test_names_the_number_its_spread_and_the_claims(self, got):
        (line,) = outside({"fc1_test": got}, self.KNOWN)
        assert line == (
            f"fc1_test: expected 0.9 to 0.94 (two seeds), got {got:.6g}; "
            "claims that rest on it: accuracy-fc1, recipe"
        )


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Runs ``python -m vslib reproduce`` in this process, writing to a folder."""

    def run(*arguments):
        monkeypatch.setattr(
            sys, "argv", ["vslib", "reproduce", "--folder", str(tmp_path), *arguments]
        )
        command_line.main()
        return tmp_path

    return run


class TestCommand:
    def test_writes_the_table_and_the_figures(self, run, capsys):
        folder = run("--only", "fc1")
        printed = capsys.readouterr().out
        assert (folder / "table.md").read_text() == printed
        assert "| condition number of the single layer | 7.22 | 7.33 |" in printed
        entries = json.loads((folder / "table.json").read_text())
        found = {entry["key"]: entry for entry in entries}
        condition = found["condition-fc1"]["values"]["fc1_condition_number"]
        assert_allclose(condition, value("fc1_condition_number"), rtol=1e-6)
        for name in ("figure1.png", "figure3.png"):
            assert (folder / name).read_bytes().startswith(b"\x89PNG")
        assert not (folder / "figure2.png").exists()

    def test_fails_where_a_number_leaves_its_spread_and_names_it(self, run, measured, monkeypatch):
        monkeypatch.setattr(
            sys.modules["vslib.paper.reproduce"], "measure", lambda trained: measured[trained.name]
        )
        off = KNOWN["fc1_condition_number"]
        off = Number(off.value, off.seeds, off.low + 5, off.high + 5, off.spread)
        monkeypatch.setattr(
            sys.modules["vslib.paper.verdicts"],
            "stored",
            lambda: KNOWN | {"fc1_condition_number": off},
        )
        with pytest.raises(SystemExit) as caught:
            run("--only", "fc1", "fc5")
        message = caught.value.code
        assert message.startswith("\nThese numbers leave their stated spread:\nfc1_condition_")
        assert message.endswith("claims that rest on it: condition-fc1")

    def test_from_scratch_trains_first_and_judges_what_came_out(self, run, monkeypatch, tmp_path):
        images, labels = mnist.load("train")
        few = (images[:2000], labels[:2000])
        train = networks.train

        def quick(*arguments, data, **others):
            return train(*arguments, data=(few, few), **others)

        monkeypatch.setattr(networks, "train", quick)
        with pytest.raises(SystemExit, match=r"fc1_test: expected .* accuracy-fc1"):
            run("--only", "fc1", "--from-scratch", "--epochs", "1")
        assert (tmp_path / "fc1" / "epoch01.safetensors").is_file()
        record = json.loads((tmp_path / "fc1" / "record.json").read_text())
        assert len(record["history"]) == 1
        entries = json.loads((tmp_path / "table.json").read_text())
        test = next(e for e in entries if e["key"] == "accuracy-fc1")["values"]["fc1_test"]
        assert test < KNOWN["fc1_test"].low

    def test_draws_figure_2_of_resnet18(self, resnet18):
        trained = paper.Trained("resnet18", 0, *resnet18, None, None)
        assert len(_figure_2(trained).axes) == 2 * 9 + 2

    def test_stores_the_seeds_where_asked(self, run, monkeypatch):
        calls = []
        monkeypatch.setattr(paper, "store", calls.append)
        run("--seeds", "there")
        assert calls == ["there"]

    def test_bad_arguments_are_errors(self, run, capsys):
        for arguments, words in (
            (("--only", "vgg"), "invalid choice: 'vgg'"),
            (("--epochs", "0"), "expected 1 or more, got 0"),
        ):
            with pytest.raises(SystemExit):
                run(*arguments)
            assert words in capsys.readouterr().err
