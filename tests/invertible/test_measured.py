"""What is stored of the measurements: samples of it computed afresh, and what the prose says."""

from fractions import Fraction

import numpy as np
import pytest

from vslib import invertible, mnist, networks
from vslib.invertible import measures, pictures
from vslib.invertible.equal import equal_image


@pytest.fixture(scope="module")
def stored():
    return invertible.measured()


@pytest.fixture(scope="module")
def classifier():
    return networks.load("bijection")


def entry(stored, part, name, seed=0):
    return next(e for e in stored[part] if (e["name"], e["seed"]) == (name, seed))


class TestAccuracies:
    @pytest.mark.parametrize("name", networks.INVERTIBLE)
    def test_of_the_networks_that_ship_are_those_of_their_cards(self, name, stored):
        card, run = networks.card(name), entry(stored, "runs", name)
        assert run["validation"] == pytest.approx(card["validation_accuracy"], abs=2e-4)
        assert run["test"] == pytest.approx(card["test_accuracy"], abs=2e-4)

    def test_of_the_bijection_are_at_least_99(self, stored):
        runs = [e for e in stored["runs"] if e["name"] == "bijection"]
        means = np.mean([e["validation"] for e in runs if e["recipe"] == "one cycle"])
        assert means >= 0.99

    def test_difference_is_the_mean_with_students_interval(self, stored):
        from scipy import stats

        for which in ("validation", "test"):
            found = invertible.difference(which=which)
            gaps = [
                100
                * (
                    entry(stored, "runs", "bijection", s)[which]
                    - entry(stored, "runs", "twin", s)[which]
                )
                for s in found["seeds"]
            ]
            assert found["mean"] == pytest.approx(np.mean(gaps))
            if len(gaps) > 1:
                low, high = stats.t.interval(0.95, len(gaps) - 1, np.mean(gaps), stats.sem(gaps))
                assert found["interval"] == pytest.approx((high - low) / 2, rel=1e-3)


class TestExactness:
    def test_is_as_stored_on_a_sample(self, classifier, stored):
        again, whole = measures.exactness(classifier, 300), stored["exactness"]
        assert whole["images"] == 10_000
        assert again["float32"] < 5e-6 and whole["float32"] < 5e-6
        assert again["float64"] < 1e-13 and whole["float64"] < 1e-13
        assert again["lattice"] == whole["lattice"] == 1

    def test_of_the_lattice_costs_less_than_5_hundredths_of_a_point(self, stored):
        whole = stored["exactness"]
        assert abs(whole["accuracy"] - whole["accuracy on the lattice"]) < 5e-4

    def test_of_the_inverse_is_bounded_by_jacobians_that_keep_volume(self, classifier):
        found, whole = measures.conditioning(classifier, 3), invertible.measured()["conditioning"]
        assert found["volume"] < 1e-9 and whole["volume"] < 1e-9 and whole["images"] == 100
        assert whole["least"] <= found["median"] <= whole["largest"]
        assert 20 < found["least"] <= found["median"] <= found["largest"] < 1000


class TestFibres:
    def test_are_as_stored_on_a_sample(self, classifier, stored):
        whole = entry(stored, "fibres", "bijection")
        again = pictures.fibres(classifier, pictures.sampled_pairs()[:120])
        assert whole["error"] < 1e-12
        assert again["outside"] == pytest.approx(whole["outside"], abs=0.05)
        assert again["clamped"]["change"] == pytest.approx(whole["clamped"]["change"], rel=0.25)
        for part in ("clamped", "8 bits"):
            assert again[part]["class kept"] == pytest.approx(whole[part]["class kept"], abs=0.12)
        for judge in ("resnet18", "fc5"):
            for key, share in whole[judge].items():
                assert again[judge][key] == pytest.approx(share, abs=0.12)

    def test_probe_reads_more_than_chance_and_nearly_what_is_stored(self, classifier, stored):
        share = stored["probes"]["bijection"]
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
