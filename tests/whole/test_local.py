"""Local signal spaces against torch.func and dense decompositions."""

import copy
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from vslib import layers, mnist, networks
from vslib.whole import jacobians, ledger, local
from vslib.whole.products import Products

torch.manual_seed(0)


class Block(nn.Module):
    """A residual block that runs one ReLU twice, as torchvision's do."""

    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(self.conv2(self.relu(self.bn(self.conv1(x)))) + x)


class Residual(nn.Module):
    """Shortcuts, a pool, functions that are no modules, one image axis that is added inside."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 6, 3, stride=2, padding=2, dilation=2)
        self.pool = nn.MaxPool2d(2, stride=1)
        self.block = Block(6)
        self.second = Block(6)
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        x = self.second(self.block(self.pool(self.stem(x.unsqueeze(1)))))
        return torch.log_softmax(self.head(torch.flatten(x.mean((2, 3)), 1)), 1)


def settled(network):
    """In evaluation mode after a pass that moved the running means."""
    network.train()
    with torch.no_grad():
        network(torch.rand(8, 9, 9))
    return network.eval()


RESIDUAL = settled(Residual())
SELU = nn.Sequential(
    nn.Flatten(), nn.Linear(20, 30), nn.SELU(), nn.Linear(30, 7), nn.Tanh(), nn.Linear(7, 5)
)


def reference(function, x):
    """The dense Jacobian by torch.func, backwards: another algorithm."""
    found = torch.func.jacrev(lambda x: function(x[None])[0])(torch.tensor(x))
    return found.detach().reshape(-1, x.size).numpy()


class TestJacobians:
    def test_of_every_depth_of_a_chain_are_those_of_torch_func(self):
        x = np.random.default_rng(1).normal(size=(4, 5))
        double = copy.deepcopy(SELU).double()
        found = jacobians(SELU, x)
        assert list(found) == ["1", "2", "3", "4", "5"]
        for name, J in found.items():
            expected = reference(double[: int(name) + 1], x)
            assert np.abs(J - expected).max() <= 1e-12 * np.abs(expected).max()

    def test_of_a_residual_network_are_those_of_torch_func(self):
        x = np.random.default_rng(2).random((9, 9))
        double = copy.deepcopy(RESIDUAL).double()
        found = jacobians(RESIDUAL, x)
        assert list(found) == [
            "stem",
            "pool",
            "block before relu",
            "block.relu",
            "second before relu",
            "second.relu",
            "before head",
            "head",
            "output",
        ]

        def upto(stop):
            def run(x):
                x = double.pool(double.stem(x.unsqueeze(1)))
                return (x if stop == "pool" else double.block(x)).flatten(1)

            return run

        for name, stop in (("pool", "pool"), ("block.relu", "block")):
            expected = reference(upto(stop), x)
            assert np.abs(found[name] - expected).max() <= 1e-12 * np.abs(expected).max()
        expected = reference(double, x)
        assert np.abs(found["output"] - expected).max() <= 1e-12 * np.abs(expected).max()

    def test_of_the_shipped_resnet18_are_those_of_torch_func(self):
        x = mnist.load("test")[0][3].astype(float)
        network, _ = layers.crop_unseen_taps(networks.load("resnet18"), (28, 28))
        double = copy.deepcopy(network).double().eval()
        found = jacobians(network, x, at=["layer4.0.relu"])
        assert list(found) == ["layer4.0.relu", "fc"]
        expected = reference(double, x)
        assert np.abs(found["fc"] - expected).max() <= 1e-12 * np.abs(expected).max()

    def test_attention_is_taken_as_it_is(self):
        layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, dropout=0.0).eval()
        x = np.random.default_rng(3).normal(size=(3, 4))
        expected = reference(copy.deepcopy(layer).double(), x)
        found = jacobians(layer, x)
        assert np.abs(found[list(found)[-1]] - expected).max() <= 1e-12

    def test_at_kinks_derivatives_are_torchs(self):
        (J,) = jacobians(nn.ReLU(), [0.0, 1.0, -1.0]).values()
        assert np.array_equal(J, np.diag([0.0, 1.0, 0.0]))

    def test_a_module_that_is_called_twice_is_numbered(self):
        relu = nn.ReLU()
        assert list(jacobians(nn.Sequential(relu, nn.Linear(3, 3), relu), np.ones(3))) == [
            "0",
            "1",
            "0 (2)",
        ]

    def test_no_trace_is_left(self):
        network = copy.deepcopy(RESIDUAL).train()
        before = copy.deepcopy(network.state_dict())
        fast = torch.backends.mha.get_fastpath_enabled()
        jacobians(network, np.ones((9, 9)))
        assert network.training and torch.backends.mha.get_fastpath_enabled() == fast
        assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
        assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())

    @pytest.mark.parametrize("stride", [1, (2, 1)])
    @pytest.mark.parametrize("padding", [0, (2, 1), "same"])
    @pytest.mark.parametrize("kernel", [1, (3, 2)])
    @pytest.mark.parametrize("dilation", [1, (1, 2)])
    def test_convolutions_by_products_are_torchs(self, stride, padding, kernel, dilation):
        if padding == "same" and stride != 1:
            padding = 1
        layer = nn.Conv2d(3, 4, kernel, stride, padding, dilation).double()
        images = torch.rand(3, 3, 8, 9, dtype=torch.float64)
        for batch in (images, images[:1].expand(3, -1, -1, -1), images[:1]):
            with torch.no_grad():
                expected = layer(batch)
                with Products():
                    found = layer(batch)
            assert torch.allclose(found, expected, rtol=1e-12, atol=1e-13)


class TestRefused:
    def test_what_has_no_forward_derivative_is_named(self):
        class Own(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x.clone()

            @staticmethod
            def backward(ctx, g):
                return g

        class Layer(nn.Module):
            def forward(self, x):
                return Own.apply(x)

        with pytest.raises(ValueError, match="1: expected a module with a forward derivative"):
            jacobians(nn.Sequential(nn.Linear(3, 3), Layer()), np.ones(3))

    def test_what_mixes_a_batch_is_named(self):
        class Centred(nn.Module):
            def forward(self, x):
                return x - x.mean(0) * 0.5

        with pytest.raises(ValueError, match="1: expected finite derivatives"):
            jacobians(nn.Sequential(nn.Linear(3, 3), Centred()), [1.0, 2.0, 3.0])

    def test_an_unknown_depth_is_said_with_those_that_there_are(self):
        with pytest.raises(
            ValueError, match=r"at: expected a list of depths among '1', '2'.*got '6'"
        ):
            local(SELU, np.ones((4, 5)), at=["1", "6"])
        with pytest.raises(ValueError, match=r"depth: expected one of '1'.*got 'no'"):
            local(SELU, np.ones((4, 5))).signal("no")

    def test_outputs_that_depend_on_nothing(self):
        class Constant(nn.Module):
            def forward(self, x):
                return torch.ones(len(x), 2)

        with pytest.raises(ValueError, match="expected outputs that depend on the input"):
            local(Constant(), np.ones(3))

    def test_inputs_of_other_shapes_not_finite_or_zero(self):
        with pytest.raises(ValueError, match="expected a shape that the network takes"):
            local(SELU, np.ones((4, 6)))
        with pytest.raises(ValueError, match="finite"):
            local(SELU, np.full((4, 5), np.nan))
        with pytest.raises(ValueError, match="zeros only"):
            ledger(SELU, np.zeros((4, 5)))

    def test_a_jacobian_too_large_is_refused_before_it_is_made(self):
        with pytest.raises(ValueError, match="expected a Jacobian of at most"):
            local(nn.Conv2d(3, 64, 3, padding=1), np.ones((3, 224, 224)))


class TestLocal:
    @pytest.mark.parametrize(
        ("network", "shape"), [(SELU, (4, 5)), (RESIDUAL, (9, 9))], ids=["chain", "residual"]
    )
    def test_ranks_values_and_spaces_are_those_of_the_dense_jacobian(self, network, shape):
        x = np.random.default_rng(4).random(shape)
        found = local(network, x)
        for name, J in jacobians(network, x).items():
            _, s, vt = np.linalg.svd(J)
            rank = np.count_nonzero(s > 1e-10 * s[0])
            assert len(found.singular_values(name)) == rank
            assert np.allclose(found.singular_values(name), s[:rank], rtol=1e-5)
            P = found.signal(name) @ found.signal(name).T
            assert np.abs(P - vt[:rank].T @ vt[:rank]).max() <= 1e-6
            signal, rejected = found.split(name, x.reshape(-1))
            assert np.allclose(signal, P @ x.reshape(-1)) and np.allclose(
                J @ rejected, 0, atol=1e-9
            )

    def test_small_singular_values_are_neither_lost_nor_made_up(self):
        random = np.random.default_rng(5)
        u, v = (np.linalg.qr(random.normal(size=(8, 8)))[0] for _ in range(2))
        for smallest, rank in ((1e-9, 8), (1e-12, 7)):
            layer = nn.Linear(8, 8, bias=False).double()
            s = np.array([1, 1, 1, 1, 0.1, 0.01, 1e-6, smallest])
            layer.weight.data = torch.tensor(u * s @ v.T)
            found = local(layer, random.normal(size=8))
            assert found.ranks == (rank,)
            assert np.allclose(found.singular_values("output")[:7], s[:7], rtol=1e-5)

    def test_null_spaces_are_nested(self):
        found = local(RESIDUAL, np.random.default_rng(6).random((9, 9)))
        for earlier, later in zip(found.depths, found.depths[1:], strict=False):
            inside = found.split(earlier, found.signal(later).T)[0]
            assert np.allclose(inside, found.signal(later).T, atol=1e-12)
        assert all(np.diff(found.ranks) <= 0)

    def test_rank_after_a_relu_is_the_number_of_active_units(self):
        # The condition: rows of the weights before it are independent.
        layer = nn.Linear(30, 20)
        x = np.random.default_rng(7).normal(size=30)
        with torch.no_grad():
            active = int((layer(torch.tensor(x, dtype=torch.float32)) > 0).sum())
        assert local(nn.Sequential(layer, nn.ReLU()), x).ranks == (20, active)

    def test_all_depths_of_all_zeros(self):
        found = local(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), [0, 0, 0])
        dead = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
        dead[0].bias.data.fill_(-5)
        dead[0].weight.data.fill_(0)
        assert local(dead, [1, 2, 3]).ranks == (0, 0)
        assert len(found.depths) == 2

    def test_several_inputs_are_those_one_by_one(self):
        x = np.random.default_rng(8).random((3, 9, 9))
        for one, image in zip(local(RESIDUAL, x), x, strict=True):
            assert np.array_equal(one.jacobian, local(RESIDUAL, image).jacobian)

    def test_the_space_without_the_shift_is_that_of_softmax(self):
        x = np.random.default_rng(9).random((4, 5))
        found = local(SELU, x).output_space(shift=False)
        double = copy.deepcopy(SELU).double()
        J = reference(lambda x: torch.softmax(double(x), 1), x)
        vt = np.linalg.svd(J)[2][:4]
        assert found.shape == (20, 4)
        assert np.allclose(found @ found.T, vt.T @ vt, atol=1e-9)


class TestLedger:
    def test_parts_are_those_of_dense_projections(self):
        x = np.random.default_rng(10).random((9, 9))
        found = ledger(RESIDUAL, x)
        kept = x.reshape(-1)
        for name, lost in zip(found.depths, found.lost, strict=True):
            J = jacobians(RESIDUAL, x)[name]
            now = np.linalg.pinv(J, rcond=1e-10) @ (J @ x.reshape(-1))
            assert np.allclose(kept - now, lost, atol=1e-8)
            kept = now
        assert np.allclose(found.kept, kept, atol=1e-8)
        assert found.lost_energy.sum() + found.kept_energy == pytest.approx(1, abs=1e-12)
        assert found.certificate <= 1e-12

    def test_of_another_input_by_the_spaces_of_one(self):
        random = np.random.default_rng(11)
        x, other = random.random((2, 4, 5))
        spaces = local(SELU, x)
        found = ledger(SELU, other, spaces=spaces)
        kept = spaces.split("5", other.reshape(-1))[0]
        assert np.allclose(found.kept, kept, atol=1e-12)

    def test_depths_left_out_are_counted_at_the_next(self):
        x = np.random.default_rng(12).random((4, 5))
        every, two = ledger(SELU, x), ledger(SELU, x, at=["3"])
        assert two.depths == ("3", "5")
        assert np.allclose(two.lost[0], every.lost[:3].sum(axis=0), atol=1e-9)


def test_nothing_is_said_beside_the_answer():
    """In a fresh interpreter, since torch warns of itself but once."""
    lines = (
        "import torch; from vslib.whole import local; local(torch.nn.Linear(4, 3), [1, 2, 3, 4])"
    )
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_one_input_to_the_local_spaces_is_one_to_the_ledger():
    """A network that takes rows of any number of axes once split the inputs twice."""
    layer = nn.Linear(4, 3)
    x = np.random.default_rng(13).normal(size=(2, 3, 4))
    spaces, books = local(layer, x), ledger(layer, x)
    assert [each.shape for each in spaces] == [(3, 4)] * 2
    for each, book in zip(spaces, books, strict=True):
        assert each.depths == book.depths and book.lost.shape == (1, 12)
