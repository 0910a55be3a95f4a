"""The table of a network, against dense matrices and inputs that are all kept."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from zoo import CASES, array, draw

from vslib import mnist, networks
from vslib.inference import NetworkInputError
from vslib.report import COLUMNS, report

every_case = pytest.mark.parametrize("name", CASES)


def records(found):
    return {row["name"]: row for row in found.table.to_dict("records")}


def by_hand(A, X, eps):
    """What the columns must say of a dense matrix and of inputs, by their definitions."""
    m, n = A.shape
    _, s, vt = np.linalg.svd(A)
    rank = int((s > max(m, n) * eps * s[0]).sum())
    kept, shares = s[:rank], s[:rank] / s[:rank].sum()
    found = {
        "m": m,
        "n": n,
        "rank": rank,
        "condition number": kept[0] / kept[-1],
        "stable rank": (kept**2).sum() / kept[0] ** 2,
        "effective rank": math.exp(-(shares * np.log(shares)).sum()),
        "s1": s[0],
        "dead inputs": (A == 0).all(0).sum(),
        "dead outputs": (A == 0).all(1).sum(),
    }
    if X is None:
        return found
    null = vt[rank:]
    for ending, rows in (("", X), ("_centred", X - X.mean(0))):
        energy = (rows**2).sum()
        found[f"rejected{ending}"] = ((rows @ null.T) ** 2).sum() / energy
    found["vectors"] = len(X)
    found["always zero"] = (X == 0).all(0).sum()
    return found


class TestEveryKind:
    @every_case
    def test_each_column_is_that_of_the_dense_matrix_and_of_inputs_that_were_kept(self, name):
        model, images, expected = CASES[name]()
        found = report(model, images)
        rows = records(found)
        assert list(rows) == list(expected)
        eps = 2.0**-23 if name.startswith("quantised") else 2.0**-52
        for key, (A, X) in expected.items():
            wanted = by_hand(A, X, eps)
            for column, value in wanted.items():
                assert rows[key][column] == pytest.approx(value, rel=1e-6, abs=1e-7), (key, column)
            assert np.allclose(
                found.spectra[key], np.linalg.svd(A, compute_uv=False), atol=1e-7 * wanted["s1"]
            )

    @every_case
    def test_the_network_is_left_as_it_was(self, name):
        model, images, _ = CASES[name]()
        model.train()
        before = copy.deepcopy({k: v for k, v in model.state_dict().items()})
        hooks = [(len(m._forward_pre_hooks), len(m._forward_hooks)) for m in model.modules()]
        attributes = [set(vars(m)) for m in model.modules()]
        drawn = torch.random.get_rng_state()
        report(model, images)
        assert all(module.training for module in model.modules())
        assert hooks == [
            (len(m._forward_pre_hooks), len(m._forward_hooks)) for m in model.modules()
        ]
        assert attributes == [set(vars(m)) for m in model.modules()]
        assert torch.equal(drawn, torch.random.get_rng_state())
        assert torch.backends.mha.get_fastpath_enabled()
        for key, value in model.state_dict().items():
            if isinstance(value, torch.Tensor):
                assert torch.equal(value, before[key])

    @every_case
    def test_batches_say_what_one_pass_does(self, name):
        model, images, _ = CASES[name]()
        if isinstance(model, nn.LSTM | nn.RNN) and not model.batch_first:
            pytest.skip("its first axis is time")
        if name.startswith("quantised"):
            pytest.skip("how it rounds depends on the batch")
        one, several = (report(model, images, batch=size).table for size in (1000, 3))
        for column in one.columns:
            if one[column].dtype.kind == "f":
                same = np.allclose(
                    one[column], several[column], rtol=1e-6, atol=1e-8, equal_nan=True
                )
                assert same, column
            else:
                assert one[column].equals(several[column]), column


class TestGroups:
    def test_the_spread_of_chance_is_exact_for_narrow_groups(self):
        torch.manual_seed(0)
        conv, x = nn.Conv2d(6, 4, 2, groups=2).double(), draw(9, 6, 4, 4)
        x[:, :3] *= 5
        row = records(report(conv, x))[""]
        # The same space for each group of many random kernels.
        rng, shares = np.random.default_rng(0), []
        rows = [
            nn.functional.unfold(part, 2).permute(0, 2, 1).reshape(-1, 12) for part in x.split(3, 1)
        ]
        rows = [array(r - r.mean(0)) for r in rows]
        for _ in range(4000):
            bases = [np.linalg.qr(rng.normal(size=(12, 2)))[0] for _ in rows]
            kept = sum(((r @ b) ** 2).sum() for r, b in zip(rows, bases, strict=True))
            shares.append(1 - kept / sum((r**2).sum() for r in rows))
        assert row["chance"] == pytest.approx(np.mean(shares), abs=4 * np.std(shares) / 60)
        assert row["spread"] == pytest.approx(np.std(shares), rel=0.06)


class TestAgainstTheStart:
    def test_what_moved_is_said_by_norms_and_angles(self):
        torch.manual_seed(0)
        start = nn.Sequential(nn.Linear(30, 8), nn.Tanh(), nn.Linear(8, 20)).double()
        now = copy.deepcopy(start)
        with torch.no_grad():
            now[0].weight += 0.1 * draw(8, 1) @ draw(1, 30, seed=2)
        x = draw(50, 30)
        rows = records(report(now, x, initial=start))
        first, then = array(now[0].weight), array(start[0].weight)
        bases = [np.linalg.qr(W.T)[0] for W in (first, then)]
        cosines = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
        row = rows["0"]
        change = np.linalg.svd(first - then, compute_uv=False)
        assert row["moved"] == pytest.approx(np.linalg.norm(first - then) / np.linalg.norm(then))
        assert row["change s1"] == pytest.approx(change[0])
        assert row["change stable rank"] == pytest.approx(1, abs=1e-9)
        assert row["change above"] == 1
        assert row["overlap"] == pytest.approx((cosines**2).mean())
        assert row["overlap by chance"] == pytest.approx(8 / 30)
        assert row["largest angle"] == pytest.approx(math.degrees(math.acos(cosines[-1])), rel=1e-6)
        assert rows["2"]["moved"] == 0 and rows["2"]["overlap"] == 1
        alone = records(report(start, x))
        for name, column in (("0", "rejected"), ("2", "rejected_centred")):
            assert rows[name][f"{column} at the start"] == alone[name][column]

    def test_another_network_is_refused_by_name(self):
        model = nn.Sequential(nn.Linear(3, 2))
        with pytest.raises(ValueError, match="initial: expected a layer '0', got fc"):
            report(model, initial=nn.ModuleDict({"fc": nn.Linear(3, 2)}))
        with pytest.raises(ValueError, match="initial, 0: expected 2 x 3 in 1 groups, got 2 x 4"):
            report(model, initial=nn.Sequential(nn.Linear(4, 2)))


@pytest.fixture(scope="module")
def images():
    return mnist.load("test")[0][:256]


class TestShipped:
    @pytest.mark.parametrize("name", ["fc1", "fc5", "resnet18"])
    def test_the_start_stays_with_chance_and_the_trained_network_does_not(self, name, images):
        start = report(networks.load(name, 0), images)
        assert any("have not left chance" in s or "has not left chance" in s for s in start.words)
        tested = start.table[start.table["p"].notna()]
        assert (tested["p"] > 0.01 / len(tested)).all()
        trained = report(networks.load(name), images).table
        left = trained[trained["p"].notna()]
        assert (left["p"] <= 0.01 / len(left)).mean() > 0.9
        assert (left["rejected_centred"] < left["chance"]).all()

    def test_every_column_is_explained(self, images):
        found = report(networks.load("fc5"), images, initial=networks.load("fc5", 0), p_values=True)
        assert set(found.table.columns) <= set(COLUMNS)
        assert found.table["p (condition number)"].between(0, 1).all()
        assert found.images == 256


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "vit_b_16"])
def test_torchvision_s_networks_with_random_weights_stay_with_chance(name):
    import torchvision

    torch.manual_seed(0)
    options = {"image_size": 32, "patch_size": 8} if name == "vit_b_16" else {}
    if name == "vit_b_16":
        model = torchvision.models.VisionTransformer(
            **options, num_layers=2, num_heads=4, hidden_dim=64, mlp_dim=128, num_classes=10
        )
    else:
        model = getattr(torchvision.models, name)(weights=None)
    found = report(model, draw(6, 3, 32, 32, dtype=torch.float32))
    layers = [m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    attention = sum(isinstance(m, nn.MultiheadAttention) for m in model.modules())
    assert len(found.table) == len(layers) + 3 * attention
    assert found.table["vectors"].notna().all()
    assert "note" not in found.table


class TestRefused:
    def test_no_layers(self):
        with pytest.raises(ValueError, match="expected layers that apply matrices, got none"):
            report(nn.Sequential(nn.ReLU()))

    def test_no_module(self):
        with pytest.raises(
            NetworkInputError,
            match=r"model: expected a torch.nn.Module, a path, or arrays by name, got int",
        ):
            report(3)
        with pytest.raises(
            NetworkInputError, match=r"initial: expected a torch.nn.Module, got dict"
        ):
            report(nn.Linear(2, 2), initial={})

    def test_the_device_meta(self):
        with pytest.raises(
            ValueError, match=r"fc: expected numbers in 'fc.weight', got .* device meta"
        ):
            report(nn.ModuleDict({"fc": nn.Linear(3, 2, device="meta")}))

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_weights_that_are_not_finite_are_named(self, bad):
        model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 2))
        with torch.no_grad():
            model[1].weight[0, 1] = bad
        with pytest.raises(
            ValueError, match=r"^1: expected finite numbers, got 1 NaN or infinite of 4"
        ):
            report(model)

    def test_images_that_the_network_refuses(self):
        model = nn.Sequential(nn.Linear(3, 2))
        with pytest.raises(NetworkInputError, match=r"got \(4, 5\); it said RuntimeError: mat1"):
            report(model, torch.ones(4, 5))
        assert not model[0]._forward_pre_hooks

    def test_images_that_make_a_layer_meet_nan(self):
        x = torch.ones(4, 3)
        x[2, 1] = math.nan
        with pytest.raises(ValueError, match=r"^0: expected finite inputs, got NaN or infinity"):
            report(nn.Sequential(nn.Linear(3, 2)), x)

    @pytest.mark.parametrize(
        ("images", "words"),
        [
            (np.zeros((0, 3)), "expected arrays of one length, 1 or more, got shapes"),
            ((np.zeros((2, 3)), np.zeros((3, 3))), "expected arrays of one length"),
            ([], "expected one batch or more, got none"),
            (3, "expected arrays or batches of them, got a int"),
            ("digits", "expected arrays or batches of them, got a str"),
        ],
    )
    def test_images_that_are_none(self, images, words):
        with pytest.raises(ValueError, match=f"images: {words}"):
            report(nn.Linear(3, 2), images)


class TestImages:
    def test_grey_images_get_the_channel_that_the_network_wants(self):
        torch.manual_seed(0)
        model, x = nn.Conv2d(1, 2, 3), draw(5, 6, 6, dtype=torch.float32)
        one, other = (report(model, images).table for images in (x.numpy(), x[:, None]))
        assert one.equals(other)

    def test_named_arguments_and_batches_of_ones_own(self):
        class Two(nn.Module):
            def __init__(self):
                super().__init__()
                self.fc = nn.Linear(3, 2)

            def forward(self, x, scale=None):
                return {"out": self.fc(x * scale)}

        torch.manual_seed(0)
        model, x, scale = Two(), draw(10, 3), draw(10, 1, seed=2)
        whole = report(model, {"x": x, "scale": scale}).table
        parts = report(model, [(x[:4], scale[:4]), {"x": x[4:], "scale": scale[4:]}])
        assert parts.images == 10
        assert np.allclose(whole["rejected_centred"], parts.table["rejected_centred"])
        assert np.allclose(whole["rejected"], report(model, (x, scale)).table["rejected"])

    def test_a_layer_that_is_not_called_says_so(self):
        class Unused(nn.Module):
            def __init__(self):
                super().__init__()
                self.used, self.idle = nn.Linear(3, 2), nn.Linear(3, 2)

            def forward(self, x):
                return self.used(x)

        found = report(Unused(), torch.randn(5, 3))
        rows = records(found)
        assert rows["idle"]["note"].startswith("the network did not call it")
        assert math.isnan(rows["idle"]["rejected"]) and rows["used"]["vectors"] == 5
        assert any(s.startswith("idle: the network did not call it") for s in found.words)

    def test_packed_sequences_are_read_without_their_padding(self):
        torch.manual_seed(0)
        gru = nn.GRU(4, 3, bidirectional=True).double()
        sequences = [draw(n, 4, seed=n) for n in (5, 3, 2)]
        packed = nn.utils.rnn.pack_sequence(sequences)
        rows = records(report(gru, [packed]))
        assert rows["ih_l0.reset"]["vectors"] == rows["hh_l0_reverse.new"]["vectors"] == 10
        single = [records(report(gru, [s[:, None]])) for s in sequences]
        assert rows["hh_l0.new"]["always zero"] == 0
        assert all(
            one["hh_l0.new"]["vectors"] == len(s) for one, s in zip(single, sequences, strict=True)
        )


class TestMaps:
    @pytest.mark.parametrize("mode", ["own", "circular"])
    def test_are_those_of_the_dense_matrix_of_the_whole_layer(self, mode):
        torch.manual_seed(0)
        padding = {"padding": 1, "padding_mode": "zeros"}
        model = nn.Sequential(nn.Conv2d(2, 3, 3, **padding), nn.ReLU(), nn.Flatten()).double()
        row = records(report(model, draw(2, 2, 5, 5), maps=mode))["0"]
        conv = copy.deepcopy(model[0])
        if mode == "circular":
            conv.padding_mode = "circular"
            conv._reversed_padding_repeated_twice = [1] * 4
        basis = torch.eye(50, dtype=torch.float64).reshape(50, 2, 5, 5)
        with torch.no_grad():
            dense = array(conv(basis) - conv.bias[:, None, None]).reshape(50, -1)
        s = np.linalg.svd(dense, compute_uv=False)
        assert row["map values"] == 50 and row["map rank"] == (s > 1e-10).sum()
        assert row["map s1"] == pytest.approx(s[0]) and row["map s1 within"] < 1e-8
        assert row["map condition number"] == pytest.approx(s[0] / s[-1])

    def test_that_are_too_large_get_the_largest_value_between_two_bounds(self):
        torch.manual_seed(0)
        conv = nn.Conv2d(4, 4, 3, padding=1, bias=False)
        row = records(report(conv, torch.zeros(1, 4, 64, 64), maps="own"))[""]
        bound = records(report(conv, torch.zeros(1, 4, 64, 64), maps="circular"))[""]["map s1"]
        assert row["map note"].startswith("too large for all of its values")
        assert 0.9 * bound < row["map s1"] < 1.001 * bound and row["map s1 within"] < 0.05

    @pytest.mark.parametrize(
        ("maps", "images", "words"),
        [
            ("wrapped", torch.zeros(1, 1, 4, 4), "maps: expected one of own, zeros, circular"),
            ("own", [torch.zeros(1, 1, 4, 4)], "expected images as one array"),
            ("own", None, "expected images as one array"),
        ],
    )
    def test_refused(self, maps, images, words):
        with pytest.raises(ValueError, match=words):
            report(nn.Conv2d(1, 1, 3), images, maps=maps)


@pytest.mark.parametrize("shape", [(9, 4), (4, 9)])
def test_a_matrix_of_zeros_and_one_of_rank_one_meet_inputs(shape):
    torch.manual_seed(0)
    m, n = shape
    layer, x = nn.Linear(n, m), draw(20, n, dtype=torch.float32)
    nn.init.zeros_(layer.weight)
    row = records(report(layer, x))[""]
    assert row["rank"] == 0 and row["rejected"] == row["chance"] == 1
    with torch.no_grad():
        layer.weight.copy_(torch.outer(torch.ones(m), x[0]))
    row = records(report(layer, x))[""]
    direction = array(x[0] / x[0].norm())
    kept = (array(x) @ direction) ** 2
    assert row["rank"] == 1 and row["chance"] == pytest.approx(1 - 1 / n)
    assert row["rejected"] == pytest.approx(1 - kept.sum() / (array(x) ** 2).sum(), rel=1e-5)
