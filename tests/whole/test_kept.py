"""What is stored of whole networks: samples computed afresh, and what it shows."""

import sys

import numpy as np
import pytest

from vslib import files, mnist, networks
from vslib.whole import (
    altered,
    behind_relus,
    ledger,
    level_walk,
    local,
    measure,
    measured,
    measures,
    pictures,
)

STORED = measured()
IMAGES, LABELS = mnist.load("test")


def lost(name, kind, depth):
    profile = STORED["profiles"][name]
    return profile["lost"][kind]["mean"][profile["depths"].index(depth)]


class TestProfiles:
    @pytest.mark.parametrize("name", ["fc5", "fc5 untrained"])
    def test_are_as_stored_when_all_of_them_are_measured_again(self, name):
        stored = STORED["profiles"][name]
        count = stored["images"]
        mean = mnist.load("train")[0].mean(axis=0)
        vectors = measures.against(IMAGES[:count], LABELS[:count], mean)
        found = measures.profile(measures.network(name), IMAGES[:count], vectors)
        assert list(found["depths"]) == stored["depths"]
        assert found["ranks"].max(0).tolist() == stored["rank"]["most"]
        for kind, shares in found["lost"].items():
            assert np.allclose(shares.mean(axis=0), stored["lost"][kind]["mean"], atol=1e-4)
        again = measures.sideways(found["spaces"], LABELS[:count], vectors["image"])
        for key, expected in STORED["sideways"][name].items():
            assert again[key] == pytest.approx(expected, abs=1e-3)

    def test_of_resnet18_lie_within_the_spread_for_one_image(self):
        stored = STORED["profiles"]["resnet18"]
        image = IMAGES[:1]
        found = measures.profile(
            measures.network("resnet18"), image, {"image": image.reshape(1, -1)}
        )
        assert (found["ranks"][0] >= stored["rank"]["least"]).all()
        assert (found["ranks"][0] <= stored["rank"]["most"]).all()
        off = found["lost"]["image"][0] - stored["lost"]["image"]["mean"]
        assert (np.abs(off) <= 4 * np.array(stored["lost"]["image"]["sd"]) + 1e-6).all()

    def test_of_fc5_it_learned_to_look_at_its_first_layer(self):
        assert lost("fc5", "image", "layer1") < 0.6 * lost("fc5 untrained", "image", "layer1")
        assert lost("fc5", "image", "layer1") < 0.6 * lost("fc5", "noise", "layer1")
        assert lost("fc5 untrained", "image", "layer1") == pytest.approx(1 - 256 / 784, abs=0.04)

    @pytest.mark.parametrize("name", ["resnet18", "resnet18 untrained"])
    def test_of_resnet18_lose_an_image_in_four_places(self, name):
        profile = STORED["profiles"][name]
        steps = np.diff([0, *profile["lost"]["image"]["mean"]])
        steep = {depth for depth, step in zip(profile["depths"], steps, strict=True) if step > 0.01}
        assert steep == {"layer3.0.relu", "layer4.0 before relu", "layer4.0.relu", "fc"}

    def test_of_chance_are_those_of_dimensions(self):
        for name, profile in STORED["profiles"].items():
            expected = 1 - np.array(profile["rank"]["mean"]) / 784
            assert np.allclose(profile["lost"]["noise"]["mean"], expected, atol=0.02), name


class TestReLUs:
    @pytest.mark.parametrize("name", ["resnet18", "resnet18 untrained"])
    def test_ranks_behind_them_are_the_numbers_of_active_units(self, name):
        for depth, units in STORED["relus"][name].items():
            active, rank = np.array(units["active"]), np.array(units["rank"])
            assert len(rank) == STORED["profiles"][name]["images"]
            assert (rank <= active).all()
            fewer = 3 if (name, depth) == ("resnet18 untrained", "layer3.0.relu") else 0
            assert (rank < active).sum() == fewer

    def test_where_more_are_active_than_there_was_rank_the_rank_stays(self):
        units = STORED["relus"]["resnet18 untrained"]["layer3.0.relu"]
        made = measures.network("resnet18 untrained")
        fewer = np.flatnonzero(np.less(units["rank"], units["active"]))
        for i in fewer:
            found = local(made, IMAGES[i], at=["layer3.0 before relu", "layer3.0.relu"])
            assert found.ranks[:2] == (units["rank"][i],) * 2

    def test_at_the_first_of_resnet18_more_are_active_than_there_are_pixels(self):
        units = behind_relus(measures.network("resnet18"), IMAGES[:1], ["relu"])["relu"]
        assert units["active"][0] > 784 == units["rank"][0]

    def test_are_counted_as_stored(self):
        made = measures.network("resnet18")
        again = behind_relus(made, IMAGES[3:5], ["layer3.0.relu", "layer4.0.relu"])
        for depth, units in again.items():
            for key, numbers in units.items():
                assert numbers == STORED["relus"]["resnet18"][depth][key][3:5]


class TestSpaces:
    def test_of_fc5_are_nearly_the_same_for_every_image_and_those_of_resnet18_are_not(self):
        fc5, resnet18 = (STORED["sideways"][name] for name in ("fc5", "resnet18"))
        assert fc5["between"][0] > 0.8 and fc5["directions"] == 9
        assert resnet18["between"][0] < 3 * resnet18["chance"] and resnet18["directions"] > 200


class TestLabels:
    @pytest.mark.parametrize("recipe", ["Adam", "SGD"])
    def test_shared_by_images_are_kept_and_shuffled_ones_are_not(self, recipe):
        found = STORED["labels"]
        true, shuffled = (
            [found[f"{recipe}, {kind}, {seed}"] for seed in range(3)]
            for kind in ("true", "shuffled")
        )
        assert all(each["training"] >= 0.99 for each in (*true, *shuffled))
        chance = true[0]["chance"]
        assert min(each["kept"][0] for each in true) > 3 * chance
        assert max(each["kept"][0] for each in shuffled) < chance / 5

    def test_one_is_as_stored_when_it_is_trained_again(self):
        count = 2000
        made, facts = measures.fitted(*(part[:count] for part in mnist.load("train")), 0, "Adam")
        stored = STORED["labels"]["Adam, true, 0"]
        assert facts["epochs"] == pytest.approx(stored["epochs"], abs=3)
        spaces = measures.profile(made, IMAGES[:10], {})["spaces"]
        again = measures.sideways(spaces, LABELS[:10], IMAGES[:10].reshape(10, -1))
        assert again["kept"][0] == pytest.approx(stored["kept"][0], abs=0.02)
        assert networks.accuracy(made, IMAGES, LABELS) == pytest.approx(stored["test"], abs=0.02)


def test_measuring_goes_on_where_it_stopped(tmp_path, monkeypatch):
    path = tmp_path / "measured.json"
    half = {key: dict(part) for key, part in STORED.items()}
    del half["labels"]["SGD, shuffled, 2"]
    files.write_json(path, half)
    asked = []
    monkeypatch.setattr(
        sys.modules["vslib.whole.measured"], "_labels", lambda *key: asked.append(key)
    )
    measure(path, resume=True)
    assert asked == [("SGD", "shuffled", 2)]
    assert files.read_json(path)["profiles"] == STORED["profiles"]


class TestWalls:
    @pytest.mark.parametrize("recipe", ["Adam", "SGD"])
    def test_are_thin_where_labels_were_shuffled(self, recipe):
        true, shuffled = (
            [STORED["labels"][f"{recipe}, {kind}, {seed}"]["wall"] for seed in range(3)]
            for kind in ("true", "shuffled")
        )
        assert min(true) > 2 * max(shuffled)

    def test_of_the_stored_walks_of_resnet18_hold_its_outputs(self):
        found = pictures()
        network = measures.network("resnet18").double()
        for one, other in ((7, 2), (4, 9), (3, 8)):
            walk = found[f"walk {one} {other}"]
            outputs = networks.evaluate(network, walk)
            assert np.abs(outputs - outputs[0]).max() < 1e-10
            assert walk.min() >= 0 and walk.max() <= 1
            goal = IMAGES[np.flatnonzero(LABELS == other)[0]]
            left = np.linalg.norm(walk[-1] - goal) / np.linalg.norm(walk[0] - goal)
            assert found[f"facts {one} {other}"][0] == pytest.approx(left, abs=1e-6) and left < 0.35

    def test_of_the_stored_ledgers_of_resnet18_add_up_to_digits(self):
        first = [np.flatnonzero(LABELS == digit)[0] for digit in range(10)]
        for name in ("resnet18", "resnet18 untrained"):
            parts = pictures()[f"ledger of {name}"]
            assert np.abs(parts.sum(axis=1) - IMAGES[first].reshape(10, -1)).max() < 1e-5
        image = IMAGES[first[4]]
        again = ledger(measures.network("resnet18"), image, at=["layer3.0.relu", "layer4.0.relu"])
        stored = pictures()["ledger of resnet18"][4]
        assert np.abs(again.lost[1] - stored[2:4].sum(axis=0)).max() < 1e-5
        assert np.abs(again.kept - stored[5]).max() < 1e-5


class TestProse:
    """Sentences of chapter 8 that explain a number, each as something that could be false."""

    def test_smooth_noise_gets_through_better_than_chance_and_worse_than_images(self):
        for depth in ("layer1", "layer3", "layer4", "layer5"):
            found = [lost("fc5", kind, depth) for kind in ("image", "smooth noise", "noise")]
            if depth != "layer5":
                assert found == sorted(found)
            assert found[1] < found[2]

    def test_up_to_the_last_layer_images_with_their_mean_lose_more_than_smooth_noise(self):
        image, centred, smooth = (
            lost("fc5", kind, "layer5") for kind in ("image", "less the mean", "smooth noise")
        )
        assert centred < smooth < image

    def test_three_seeds_of_first_weights_lose_less_up_to_the_first_three_places(self):
        found = {key: np.mean(shares, axis=0) for key, shares in STORED["places"].items()}
        trained = found.pop("resnet18")
        assert len(found) == 3
        for shares in found.values():
            assert (shares[:3] < trained[:3]).all()

    def test_what_is_lost_at_places_is_as_stored_when_it_is_computed_again(self):
        at = ["layer3.0.relu", "layer4.0 before relu", "layer4.0.relu"]
        again = ledger(measures.network("resnet18 untrained", 1), IMAGES[0], at=at)
        stored = STORED["places"]["resnet18 untrained, 1"][0]
        assert np.allclose(again.lost_energy.cumsum(), stored, rtol=1e-5)

    def test_places_go_with_widths_and_with_biases_that_switch_units_on(self):
        def lossy(key):
            return {depth for depth, share in STORED["elsewhere"][key].items() if share > 0.01}

        four = {"layer3.0.relu", "layer4.0 before relu", "layer4.0.relu", "fc"}
        for seed in (0, 1):
            assert lossy(f"ResNet18, {seed}") == four
            more = four | {"layer2.0.relu", "layer3.0 before relu"}
            assert lossy(f"half as wide, {seed}") == more
            assert lossy(f"twice as wide, {seed}") == {"layer4.0.relu", "fc"}
            assert lossy(f"biases raised, {seed}") == four - {"layer3.0.relu"}

    @pytest.mark.parametrize("kind", ["half as wide", "biases raised"])
    def test_what_is_lost_elsewhere_is_found_when_it_is_computed_again(self, kind):
        depth = "layer2.0.relu" if "half" in kind else "layer3.0.relu"
        lost = ledger(altered(kind), IMAGES[0], at=[depth]).lost_energy[0]
        assert (lost > 0.05) if "half" in kind else (lost < 1e-9)

    def test_trained_or_not_about_half_of_the_units_are_active(self):
        units = {"layer3.0.relu": 256 * 4, "layer4.0.relu": 512}
        for found in STORED["relus"].values():
            for depth, counted in found.items():
                shares = np.array(counted["active"]) / units[depth]
                assert 0.43 < shares.min() and shares.max() < 0.57

    def test_raised_biases_make_all_units_active(self):
        found = behind_relus(altered("biases raised"), IMAGES[:1], ["layer3.0.relu"])
        assert found["layer3.0.relu"]["active"] == [1024]
        with pytest.raises(ValueError, match="kind: expected one of ResNet18, half"):
            altered("narrow")

    def test_the_untrained_resnet18_loses_less_of_images_in_the_first_three_places(self):
        for depth in ("layer3.0.relu", "layer4.0 before relu", "layer4.0.relu"):
            assert lost("resnet18 untrained", "image", depth) < lost("resnet18", "image", depth)

    def test_kept_is_four_to_seven_times_chance_or_a_tenth_of_it(self):
        for key, found in STORED["labels"].items():
            times = found["kept"][0] / found["chance"]
            assert (3.5 < times < 7.5) if "true" in key else (0.05 < times < 0.15), key

    def test_the_overlap_tells_the_two_labels_apart_in_opposite_ways(self):
        def overlaps(recipe, kind):
            keys = (f"{recipe}, {kind}, {seed}" for seed in range(3))
            return [STORED["labels"][key]["between"][0] for key in keys]

        assert max(overlaps("Adam", "shuffled")) < min(overlaps("Adam", "true"))
        assert min(overlaps("SGD", "shuffled")) > max(overlaps("SGD", "true"))

    def test_walls_of_shuffled_labels_are_no_thicker_than_untrained_ones(self):
        made = measures.network("fc5 untrained")
        sevens, twos = (IMAGES[np.flatnonzero(LABELS == digit)[:5]] for digit in (7, 2))
        walls = [
            level_walk(made, *pair, box=(0, 1)).left for pair in zip(sevens, twos, strict=True)
        ]
        shuffled = [f["wall"] for key, f in STORED["labels"].items() if "shuffled" in key]
        assert max(shuffled) < np.mean(walls)
