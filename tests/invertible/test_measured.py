"""What is stored of the measurements: samples of it computed afresh, and what the prose says."""

import sys
from fractions import Fraction

import numpy as np
import pytest

from vslib import files, invertible, mnist, networks
from vslib.invertible import measures, pictures
from vslib.invertible.equal import equal_image


@pytest.fixture(scope="module")
def stored():
    return invertible.measured()


@pytest.fixture(scope="module")
def classifier():
    return networks.load("bijection")


def module(name):
    return sys.modules[f"vslib.invertible.{name}"]


def entry(stored, name, seed=0, recipe="one cycle"):
    wanted = (name, seed, recipe)
    return next(e for e in stored["runs"] if (e["name"], e["seed"], e["recipe"]) == wanted)


class TestAccuracies:
    @pytest.mark.parametrize("name", networks.INVERTIBLE)
    def test_of_the_networks_that_ship_are_those_of_their_cards(self, name, stored):
        card, run = networks.card(name), entry(stored, name)
        assert run["validation"] == pytest.approx(card["validation_accuracy"], abs=2e-4)
        assert run["test"] == pytest.approx(card["test_accuracy"], abs=2e-4)
        # Of the very weights that ship, not of another training from the same seed.
        assert run["fingerprint"] == networks.fingerprint(networks.load(name))

    def test_of_the_bijection_are_at_least_99_on_average(self):
        assert invertible.over_seeds("bijection", "validation").mean() >= 0.99

    @pytest.mark.parametrize(
        "other, recipe", [("twin", "one cycle"), ("residual", "one cycle"), ("twin", "paper")]
    )
    @pytest.mark.parametrize("which", [("validation",), ("test",), ("validation", "test")])
    def test_difference_is_the_mean_with_students_interval(self, which, other, recipe, stored):
        found = invertible.difference(other, recipe, which)
        gaps = []
        for seed in found["seeds"]:
            pair = [entry(stored, name, seed, recipe) for name in ("bijection", other)]
            ours, others = (np.mean([run[part] for part in which]) for run in pair)
            gaps.append(100 * (ours - others))
        np.testing.assert_allclose(found["gaps"], gaps)
        assert found["mean"] == pytest.approx(np.mean(gaps))
        # From a table of Student's distribution, two-sided 95 %, by degrees of freedom.
        table = dict(enumerate([12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262], 1))
        if len(gaps) == 1:
            assert found["half"] == np.inf
        else:
            wide = table[len(gaps) - 1] * np.std(gaps, ddof=1) / np.sqrt(len(gaps))
            assert found["half"] == pytest.approx(wide, rel=1e-3)
        assert (found["low"], found["high"]) == (
            found["mean"] - found["half"],
            found["mean"] + found["half"],
        )

    @pytest.mark.parametrize("other", ["twin", "residual"])
    def test_of_the_bijection_are_no_worse_than_those_of_networks_without_inverse(self, other):
        found = invertible.difference(other)
        assert len(found["seeds"]) >= 5
        assert found["low"] > -0.15

    def test_of_the_bijection_are_above_those_of_its_twin_for_every_seed(self):
        found = invertible.difference("twin")
        assert found["low"] > 0 and min(found["gaps"]) > 0
        assert found["mean"] == pytest.approx(0.125, abs=0.01)

    @pytest.mark.parametrize("other, recipe", [("residual", "one cycle"), ("twin", "paper")])
    def test_of_the_other_pairs_show_no_difference(self, other, recipe):
        found = invertible.difference(other, recipe)
        assert len(found["seeds"]) == 5 and found["low"] < 0 < found["high"]

    def test_are_what_repairs_cost_and_noise_does_not(self):
        plain = 100 * invertible.over_seeds("bijection", "validation").mean()
        noise = 100 * invertible.over_seeds("bijection-noise", "validation").mean()
        assert abs(plain - noise) < 0.1
        for name in ("likelihood", "reconstruction", "adversary"):
            found = 100 * invertible.over_seeds(f"bijection-{name}", "validation")
            assert len(found) >= 3 and 0.5 < plain - found.mean() < 1.25

    def test_by_the_papers_recipe_are_lower_than_by_one_cycle(self):
        for name in ("bijection", "twin"):
            slow = invertible.over_seeds(name, "validation", recipe="paper")
            assert 0.975 < slow.min() < slow.max() < 0.99

    def test_of_what_was_not_trained_are_none(self):
        assert len(invertible.over_seeds("fc1", "validation")) == 0


class TestExactness:
    def test_is_as_stored_on_a_sample(self, classifier, stored):
        again, whole = measures.exactness(classifier, 300), stored["exactness"]
        assert whole["images"] == 10_000
        assert again["float32"] < 5e-6 and whole["float32"] < 5e-6
        assert again["float64"] < 1e-13 and whole["float64"] < 1e-13

    def test_on_the_lattice_all_70000_images_come_back_bit_for_bit(self, stored):
        assert stored["lattice"]["images"] == stored["lattice"]["bit for bit"] == 70_000

    def test_on_the_lattice_is_the_same_on_this_machine_for_a_sample(self, classifier, stored):
        again = measures.on_lattice(classifier, measures.SAMPLE)
        assert again["images"] == again["bit for bit"] == measures.SAMPLE
        assert again["sha256"] == stored["lattice"]["sha256"]

    def test_of_the_lattice_costs_less_than_5_hundredths_of_a_point(self, stored):
        whole = stored["lattice"]
        assert abs(whole["accuracy"] - whole["accuracy on the lattice"]) < 5e-4

    def test_of_the_inverse_is_bounded_by_jacobians_that_keep_volume(self, classifier, stored):
        found, whole = measures.conditioning(classifier, 3), stored["conditioning"]
        assert found["volume"] < 1e-9 and whole["volume"] < 1e-9 and whole["images"] == 100
        assert whole["least"] <= found["median"] <= whole["largest"]
        assert 20 < found["least"] <= found["median"] <= found["largest"] < 1000

    @pytest.mark.parametrize("part", ["exactness", "lattice", "conditioning", "cost"])
    def test_was_measured_of_the_bijection_that_ships(self, part, classifier, stored):
        assert stored[part]["fingerprint"] == networks.fingerprint(classifier)


class TestMeasure:
    def test_keeps_what_it_knows_and_leaves_out_what_is_not_whole(self, tmp_path, monkeypatch):
        few = tuple(part[:64] for part in mnist.load("test"))
        recipe = networks.RECIPES["twin"] | {"epochs": 1}
        runs, path = tmp_path / "runs", tmp_path / "measured.json"
        networks.train("twin", runs / "twin-0", 1, data=(few, few), recipe=recipe)
        networks.train("twin", runs / "twin-1", 1, 1, data=(few, few), recipe=networks.RECIPE)
        for part in ("exactness", "on_lattice", "conditioning"):
            monkeypatch.setattr(measures, part, lambda classifier: {})
        monkeypatch.setattr(module("cost"), "cost", lambda classifier: {})
        invertible.measure(runs, path)
        first = files.read_json(path)
        assert [run["name"] for run in first["runs"]] == ["twin"]  # 1 of the paper's 20 epochs
        monkeypatch.setattr(module("measured"), "_run", None)  # nothing is measured again
        invertible.measure(runs, path, resume=True)
        assert files.read_json(path) == first


class TestCost:
    def test_is_a_ratio_in_one_run_as_stored(self, stored):
        # The same passes back as forward, and the same blocks as its twin.
        assert stored["cost"]["inverse"] == pytest.approx(1, abs=0.25)
        assert stored["cost"]["training"] == pytest.approx(1, abs=0.25)


class TestFibres:
    def test_are_as_stored_on_a_sample(self, classifier, stored):
        whole = entry(stored, "bijection")["fibres"]
        again = pictures.fibres(classifier, pictures.sampled_pairs()[:120])
        assert whole["error"] < 1e-12
        assert again["outside"] == pytest.approx(whole["outside"], abs=0.05)
        assert again["clamped"]["change"] == pytest.approx(whole["clamped"]["change"], rel=0.25)
        for part in ("clamped", "8 bits"):
            assert again[part]["class kept"] == pytest.approx(whole[part]["class kept"], abs=0.12)
        for judge in ("resnet18", "fc5"):
            for key, share in whole[judge].items():
                assert again[judge][key] == pytest.approx(share, abs=0.12)

    def test_show_resnet18_what_the_chapter_says(self):
        sees = {
            (name, part): invertible.over_seeds(f"bijection{name}", "fibres", "resnet18", part)
            for name in ("", "-noise", "-likelihood", "-reconstruction", "-adversary")
            for part in ("signal", "rejected", "ten numbers")
        }
        assert sees["-adversary", "signal"].min() > 10 * sees["-adversary", "rejected"].max()
        assert sees["-likelihood", "signal"].mean() < 1.5 * sees["-likelihood", "rejected"].mean()
        alone = {name: shares.mean() for (name, part), shares in sees.items() if part[0] == "t"}
        assert max(alone, key=alone.get) == "-reconstruction"
        for part in ("signal", "rejected", "ten numbers"):
            noise, plain = sees["-noise", part], sees["", part]
            apart = abs(noise.mean() - plain.mean())
            assert apart < 2 * max(noise.std(ddof=1), plain.std(ddof=1))

    def test_leave_the_digit_in_the_rejected_part_whatever_the_training(self):
        for name in ("", "-noise", "-likelihood", "-reconstruction", "-adversary"):
            assert invertible.over_seeds(f"bijection{name}", "probe").min() > 0.93

    def test_hold_equal_outputs_and_keep_every_class_for_every_training(self, stored):
        found = [run["fibres"] for run in stored["runs"] if "fibres" in run]
        assert len(found) >= 5
        for each in found:
            assert each["error"] < 1e-11 and each["8 bits"]["class kept"] == 1

    def test_probe_reads_more_than_chance_and_nearly_what_is_stored(self, classifier, stored):
        share = entry(stored, "bijection")["probe"]
        again = pictures.probe(classifier, count=4000, epochs=3)
        assert 0.8 < again < share + 0.01 and share < 1


class TestEqualAsFractions:
    def test_at_least_ten_ordered_pairs_have_equal_outputs(self):
        found = invertible.pairs()
        assert len({tuple(pair) for pair in found["digits"].tolist()}) >= 10
        W = networks.weights("fc1")["layer1.weight"]
        rows = [[Fraction(float(w)) for w in row] for row in W]
        for pair in found["images"].reshape(-1, 2, 784).tolist():
            one, other = (
                [sum(w * p for w, p in zip(row, x, strict=True)) for row in rows] for x in pair
            )
            assert one == other and pair[0] != pair[1]

    def test_the_first_is_a_test_image_and_the_second_is_read_as_another_digit(self):
        found = invertible.pairs()
        images, labels = mnist.load("test")
        greys = np.round(255 * images).astype(np.uint8)
        judge = networks.load("resnet18")
        for (one, other), (first, second) in zip(found["digits"], found["images"], strict=True):
            place = np.flatnonzero((greys == first).all((1, 2)))
            assert len(place) and labels[place[0]] == one != other
            assert networks.recognise(judge, second[None] / 255)[0] == other

    def test_one_is_found_again(self):
        pytest.importorskip("flint")
        images = np.round(255 * mnist.load("test")[0][:2]).reshape(2, 784)
        # One row leaves more room than ten, and takes less time.
        W = networks.weights("fc1")["layer1.weight"][:1]
        made = equal_image(W, *images)
        row = [Fraction(float(w)) for w in W[0]]
        products = [sum(w * int(p) for w, p in zip(row, x, strict=True)) for x in (images[0], made)]
        assert products[0] == products[1]

    def test_what_is_no_grey_level_is_refused(self):
        for bad in (np.full(784, 256), np.full(784, -1), np.full(784, 0.5)):
            with pytest.raises(ValueError, match="x: expected grey levels"):
                equal_image(np.ones((1, 784)), bad, np.zeros(784))
