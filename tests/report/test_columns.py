"""What is stored of reports: samples made afresh, and sentences of chapter 10 that rest on it."""

import numpy as np
import pytest
from scipy import stats

from vslib import files, mnist, networks
from vslib.report import (
    JUDGED,
    apart,
    auc,
    cost,
    fitted,
    judge,
    measure,
    measured,
    measures,
    null,
    rows_of,
    select,
)

STORED = measured()
IMAGES, LABELS = mnist.load("test")
CLOSE = {"s1", "stable rank", "effective rank", "condition number", "rejected", "chance"}


def same(rows, stored, rel=1e-3):
    for key in set(rows) - {"p"}:
        for one, other in zip(rows[key], stored[key], strict=True):
            if isinstance(one, str) or one is None:
                assert one == other, key
            else:
                assert one == pytest.approx(other, rel=rel, abs=1e-3), key


class TestStored:
    @pytest.mark.parametrize(
        "job", [("fc5", "shipped", "", 0), ("fc1", "untrained", "", 3), ("twin", "shipped", "", 0)]
    )
    def test_rows_are_those_of_a_report_made_now(self, job):
        family, kind, _, seed = job
        [stored] = [each for each in select(family, kind) if each["seed"] == seed]
        network = measures.made(job)
        assert networks.fingerprint(network) == stored["fingerprint"]
        same(rows_of(network, IMAGES[:256]), stored["rows"])
        assert networks.accuracy(network, IMAGES, LABELS) == stored["test"]

    def test_every_shipped_network_is_still_the_one_that_was_measured(self):
        for name in (*networks.NAMES, *networks.INVERTIBLE):
            [stored] = select(name, "shipped")
            assert networks.fingerprint(networks.load(name)) == stored["fingerprint"], name

    def test_a_fitted_network_comes_out_again(self):
        [stored] = [each for each in select("fc5", "true", "Adam") if each["seed"] == 0]
        images, labels = (part[: measures.FEW] for part in mnist.load("train"))
        network = fitted.build("fc5")
        facts = fitted.fit(network, images, labels, 0, "Adam")
        assert facts["epochs"] == pytest.approx(stored["epochs"], abs=2)
        assert networks.accuracy(network, IMAGES, LABELS) == pytest.approx(stored["test"], abs=0.02)
        rows = rows_of(network, IMAGES[:256])
        again, before = rows["rejected_centred"], stored["rows"]["rejected_centred"]
        assert np.allclose(again, before, atol=0.02)

    def test_an_architecture_with_random_weights_comes_out_again(self):
        [stored] = [
            each
            for each in STORED["null"]
            if (each["name"], each["seed"]) == ("mobilenet_v3_small", 1)
        ]
        rows = rows_of(null.random_network("mobilenet_v3_small", 1), null.enlarged(IMAGES[:32]))
        p = [value for value in rows["p"] if value is not None]
        assert np.allclose(p, stored["p"], rtol=0.1, atol=1e-3)
        assert stored["matrices"] == len(rows["name"])

    def test_nothing_that_was_to_be_measured_is_left_out(self):
        found = {(n["family"], n["kind"], n["recipe"], n["seed"]) for n in STORED["networks"]}
        for family, seeds in fitted.FAMILIES.items():
            for seed in range(seeds):
                for kind in measures.LABELS:
                    assert {(family, kind, recipe, seed) for recipe in ("Adam", "SGD")} <= found
            assert len(select(family, "untrained")) == 5
        assert {each["name"] for each in STORED["null"]} == set(null.ARCHITECTURES)
        assert [tuple(shape) for *shape, _ in STORED["cost"]] == [*cost.SIZES]


class TestAuc:
    def test_is_the_rank_statistic(self):
        rng = np.random.default_rng(0)
        ones, others = rng.integers(0, 9, 40), rng.integers(2, 11, 30)
        expected = stats.mannwhitneyu(ones, others).statistic / (40 * 30)
        assert auc(ones, others) == pytest.approx(expected)

    def test_by_layer_compares_a_layer_with_itself_alone(self):
        def network(values):
            shapes = {"name": ["a", "b"], "m": [2, 2], "n": [4, 4], "rank": [2, 2]}
            return {"rows": shapes | {"gain": values}}

        found = apart([network([2, 12])], [network([1, 11])], "gain")
        assert found["by layer"] == 1 and found["pooled"] == 0.75
        missing = apart([network([2, None])], [network([1, 11])], "gain")
        assert missing["matrices"] == (1, 2) and missing["by layer"] == 1 and missing["of"] == 2

    def test_by_layer_is_the_same_in_whatever_order_the_layers_stand(self):
        def network(order, values):
            rows = {"name": [f"{k}" for k in order], "m": [2] * 9, "n": [4] * 9, "rank": [2] * 9}
            return {"rows": rows | {"gain": [values[k] for k in order]}}

        rng = np.random.default_rng(0)
        ones, others = rng.normal(size=(2, 3, 9))
        found = {
            apart(
                [network(order, values) for values in ones],
                [network(order, values) for values in others],
                "gain",
            )["by layer"]
            for order in rng.permuted(np.tile(np.arange(9), (50, 1)), axis=1)
        }
        assert len(found) == 1

    def test_what_nothing_is_rejected_of_says_nothing(self):
        rows = {"m": [4], "n": [4], "chance": [0], "rejected": [0], "rejected_centred": [0]}
        assert np.isnan(judge(rows | {"rank": [4]})["rejected_centred"]).all()
        zeros = rows | {"rank": [0], "chance": [1], "rejected": [1], "above": [0]}
        assert np.isnan(judge(zeros)["above"]).all() and np.isnan(judge(zeros)["rejected"]).all()
        rows |= {"rank": [4]}
        assert set(JUDGED) > set(judge(rows))


class TestMeasuring:
    def test_goes_on_where_it_stopped(self, tmp_path, monkeypatch):
        path = tmp_path / "measured.json"
        half = STORED | {"networks": STORED["networks"][:-1], "null": STORED["null"][:-2]}
        half["networks"][0] = half["networks"][0] | {"fingerprint": "of another"}
        files.write_json(path, half)
        asked = []

        def networks_again(group, watcher):
            asked.extend(group)
            keys = ("family", "kind", "recipe", "seed")
            stored = {tuple(n[key] for key in keys): n for n in STORED["networks"]}
            return [stored[job] for job in group]

        monkeypatch.setattr(measures, "of_networks", networks_again)
        monkeypatch.setattr(measures, "of_null", lambda name, watcher: STORED["null"][-2:])
        (tmp_path / "weightwatcher").mkdir()
        measure(tmp_path, path, resume=True)
        first, last = STORED["networks"][0], STORED["networks"][-1]
        assert [job[0] for job in asked] == [first["family"], last["family"]]
        assert files.read_json(path) == STORED

    def test_without_weightwatcher_it_says_how_to_get_it(self, tmp_path):
        with pytest.raises(ValueError, match="`make weightwatcher` installs it"):
            measure(tmp_path)


class TestCost:
    def test_of_another_matrix_follows_from_operations(self):
        done = [(m, n, 1e-9 * m * m * n + 3e-9 * m**3) for m, n in cost.SIZES]
        for m, n in ((300, 5000), (5000, 300)):
            expected = 1e-9 * 300 * 300 * 5000 + 3e-9 * 300**3
            assert cost.seconds((m, n), done) == pytest.approx(expected)

    def test_of_a_stored_matrix_is_about_what_was_measured(self):
        for m, n, seconds in STORED["cost"][2:]:
            assert cost.seconds((m, n), STORED["cost"]) == pytest.approx(seconds, rel=0.5)


WEIGHTS = ("stable rank", "effective rank", "condition number", "s1", "above", "alpha")
SHIPPED = (*networks.NAMES, *networks.INVERTIBLE)
SMALL = [*fitted.FAMILIES]


def told(family, one, other, column, way):
    return apart(select(family, one), select(family, other), column)[way]


def left(network):
    """Names of matrices that have left chance, those that have a p, and those on the far side."""
    rows = network["rows"]
    names = [name for name, p in zip(rows["name"], rows["p"], strict=True) if p is not None]
    p = dict(zip(rows["name"], rows["p"], strict=True))
    return {name for name in names if p[name] < 0.01 / len(names)}, set(names)


class TestProse:
    """Sentences of chapter 10 that compare, each as something that could be false."""

    def test_what_needs_inputs_tells_trained_from_untrained_everywhere(self):
        for name in SHIPPED:
            for column in ("rejected_centred", "gain_centred"):
                assert told(name, "shipped", "untrained", column, "pooled") > 0.85, name
                assert told(name, "shipped", "untrained", column, "by layer") > 0.8, name

    def test_weights_alone_tell_it_of_seven_networks_and_not_of_resnet18(self):
        for column in WEIGHTS:
            assert 0.4 < told("resnet18", "shipped", "untrained", column, "pooled") < 0.6
        others = [name for name in SHIPPED if name != "resnet18"]
        assert len(others) == 7
        for name in others:
            assert told(name, "shipped", "untrained", "s1", "pooled") >= 0.8
            assert told(name, "shipped", "untrained", "alpha", "pooled") < 0.3
        assert told("resnet18", "shipped", "untrained", "alpha", "pooled") >= 0.5

    def test_stable_rank_of_bijections_is_smaller_by_layer(self):
        for name in networks.INVERTIBLE:
            assert told(name, "shipped", "untrained", "stable rank", "by layer") < 0.1

    def test_shuffled_labels_leave_chance_as_true_ones_do(self):
        for family in ("fc5", "convolutions"):
            for kind in measures.LABELS:
                found = told(family, kind, "untrained", "rejected_centred", "by layer")
                assert found > 0.98, (family, kind)
            assert max(network["test"] for network in select(family, "shuffled")) < 1 / 6
        for network in select("fc5", "shuffled"):
            assert left(network)[0] >= {"layer1", "layer3", "layer4", "layer5"}

    def test_true_labels_differ_from_shuffled_ones_by_what_is_kept(self):
        for family in SMALL:
            assert told(family, "true", "shuffled", "rejected_centred", "by layer") > 0.6, family
        for column in WEIGHTS:
            found = [told(family, "true", "shuffled", column, "by layer") for family in SMALL]
            assert min(found) <= 0.5 <= max(found), column

    def test_random_weights_raise_no_alarm(self):
        p = [each["p"] for each in STORED["null"]]
        assert all(min(each) > 0.01 / len(each) for each in p)
        together = np.concatenate(p)
        assert len(together) > 300 and (together < 0.01).mean() < 0.02
        for name in (*fitted.FAMILIES, *SHIPPED):
            assert not any(left(network)[0] for network in select(name, "untrained"))

    def test_many_random_matrices_have_an_alpha_of_well_trained_ones(self):
        within, of = (sum(each[k] for each in STORED["null"]) for k in ("alpha in 2 to 6", "alpha"))
        assert 0.25 < within / of < 0.35

    def test_one_matrix_of_resnet18_has_not_left_chance(self):
        out, tested = left(select("resnet18", "shipped")[0])
        assert tested - out == {"layer1.1.conv2"}

    def test_the_gain_of_every_matrix_of_the_transformer_has_grown(self):
        for network in select("transformer", "true", "Adam"):
            [start] = [
                n for n in select("transformer", "untrained") if n["seed"] == network["seed"]
            ]
            pairs = zip(network["rows"]["gain_centred"], start["rows"]["gain_centred"], strict=True)
            grown = [now > then for now, then in pairs]
            assert len(grown) == 14 and (network["seed"] or all(grown))
        rejecting = [chance > 0 for chance in start["rows"]["chance"]]
        assert sum(rejecting) == 3
