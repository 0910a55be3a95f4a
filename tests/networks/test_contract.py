"""One contract for asking a network: every kind of network, by every way of asking it."""

import warnings

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from torch import nn
from torch.nn.utils import parametrizations, prune

from vslib import networks
from vslib.files import FileError
from vslib.inference import NetworkInputError, NetworkOutputError, asked
from vslib.synthesis import synthesize

SHAPE = (6, 6)
RNG = np.random.default_rng(0)
GREY, COLOUR = RNG.random((5, *SHAPE)), RNG.random((5, 3, *SHAPE))


def seeded(make):
    torch.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


def mlp():
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 7), nn.SELU(), nn.Linear(7, 5))


def cnn(channels=1):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Flatten(),
        nn.Linear(64, 5),
    )


def with_hook(place, change):
    def make():
        network = mlp() if place == 1 else cnn()
        change(network[place])
        return network

    return make


class Wrapped(nn.Module):
    """Gives its logits inside something else."""

    def __init__(self, wrap):
        super().__init__()
        self.inner, self.wrap = mlp(), wrap

    def forward(self, x):
        return self.wrap(self.inner(x))


def spectral(layer):
    return torch.nn.utils.spectral_norm(layer)


KINDS = {
    "flat": (mlp, GREY, None),
    "training mode": (lambda: cnn().train(), GREY, None),
    "frozen": (lambda: mlp().requires_grad_(False), GREY, None),
    "channel": (cnn, GREY, None),
    "channel given": (cnn, GREY[:, None], None),
    "colour": (lambda: cnn(3), COLOUR, None),
    "float64": (lambda: mlp().double(), GREY, None),
    "bfloat16": (lambda: cnn().bfloat16(), GREY, None),
    "float16": (lambda: mlp().half(), GREY, None),
    "pruned": (with_hook(1, lambda m: prune.l1_unstructured(m, "weight", 0.5)), GREY, None),
    "pruned convolution": (
        with_hook(0, lambda m: prune.random_unstructured(m, "weight", 0.5)),
        GREY,
        None,
    ),
    "weight_norm of old": (with_hook(0, torch.nn.utils.weight_norm), GREY, None),
    "weight_norm": (with_hook(1, parametrizations.weight_norm), GREY, None),
    "spectral_norm of old": (with_hook(1, spectral), GREY, None),
    "spectral_norm": (with_hook(0, parametrizations.spectral_norm), GREY, None),
    "orthogonal": (with_hook(1, parametrizations.orthogonal), GREY, None),
    "a tuple": (lambda: Wrapped(lambda y: (None, y)), GREY, 1),
    "a dict": (lambda: Wrapped(lambda y: {"logits": y}), GREY, "logits"),
    "a function": (lambda: Wrapped(lambda y: [[y]]), GREY, lambda found: found[0][0]),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def reference(network, images, take):
    """The network asked by torch alone, in evaluation mode, as float64."""
    modes = {module: module.training for module in network.modules()}
    like = next(network.parameters())
    x = torch.tensor(images).to(like.dtype)
    if x.ndim == 3 and isinstance(next(network.modules()), nn.Sequential):
        x = x[:, None] if isinstance(network[0], nn.Conv2d) else x
    with torch.no_grad():
        y = network.eval()(x)
    for module, mode in modes.items():
        module.training = mode
    y = take(y) if callable(take) else y if take is None else y[take]
    return y.double().numpy()


def trace(network):
    """Everything that asking must leave as it is."""
    return (
        {key: value.clone() for key, value in network.state_dict().items()},
        [module.training for module in network.modules()],
        [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules()],
        [(p.requires_grad, p.grad is None, p.dtype) for p in network.parameters()],
        torch.get_default_dtype(),
        torch.is_grad_enabled(),
        torch.is_inference_mode_enabled(),
    )


def assert_untouched(before, network):
    after = trace(network)
    assert list(before[0]) == list(after[0])
    assert all(torch.equal(value, after[0][key]) for key, value in before[0].items())
    assert before[1:] == after[1:]


MODES = {
    "plain": torch.enable_grad,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
}


class TestEveryKind:
    @every_kind
    @pytest.mark.parametrize("mode", MODES)
    def test_is_evaluated_as_torch_does_and_stays_as_it_is(self, kind, mode):
        make, images, take = KINDS[kind]
        network = seeded(make)
        expected, before = reference(network, images, take), trace(network)
        with MODES[mode]():
            got = networks.evaluate(network, images, batch=2, take=take)
        assert_allclose(got, expected, rtol=1e-5, atol=1e-5 if kind != "bfloat16" else 2e-2)
        assert got.dtype == (np.float64 if kind == "float64" else np.float32)
        assert_untouched(before, network)

    @every_kind
    def test_is_recognised_and_counted(self, kind):
        make, images, take = KINDS[kind]
        network = seeded(make)
        answers = networks.evaluate(network, images, take=take).argmax(1)
        before = trace(network)
        predicted, confidence = networks.recognise(network, images, take)
        assert_array_equal(predicted, answers)
        assert confidence.shape == (5,)
        assert networks.accuracy(network, images, answers, take=take) == 1
        assert networks.accuracy(network, images, (answers + 1) % 5, take=take) == 0
        assert_untouched(before, network)

    @every_kind
    @pytest.mark.parametrize("mode", MODES)
    def test_images_are_made_for_it(self, kind, mode):
        make, images, take = KINDS[kind]
        network, targets = seeded(make), 3 * np.eye(5)
        expected, before = reference(network, images, take), trace(network)
        with MODES[mode]():
            made = synthesize(
                network, images, targets, steps=4, rate=0.02, progress=False, take=take
            )
        assert made.images.shape == images.shape
        assert_allclose(made.outputs[0], expected, atol=1e-5 if kind != "bfloat16" else 2e-2)
        assert made.centred_distances[-1].sum() < made.centred_distances[0].sum()
        after = reference(network, made.images, take)
        assert_allclose(made.outputs[-1], after, atol=1e-4 if kind[-2:] != "16" else 5e-2)
        assert_untouched(before, network)


class TestWhatItGives:
    def test_a_tuple_or_dict_is_not_guessed_at(self):
        for kind, word in (("a tuple", "a tuple of 2"), ("a dict", "'logits'")):
            network = seeded(KINDS[kind][0])
            with pytest.raises(NetworkOutputError, match=rf"expected a tensor.*{word}"):
                networks.evaluate(network, GREY)
            with pytest.raises(NetworkOutputError, match="take: expected a part of"):
                networks.evaluate(network, GREY, take="nowhere")

    def test_outputs_of_another_length_are_refused(self):
        network = Wrapped(lambda y: y.reshape(-1))
        with pytest.raises(NetworkOutputError, match="a row for each image"):
            networks.evaluate(network, GREY)

    def test_nan_weights_give_no_accuracy(self):
        network = seeded(mlp)
        network[1].weight.data[0, 0] = np.nan
        for ask in (networks.evaluate, networks.recognise):
            with pytest.raises(ValueError, match="outputs: expected finite numbers, got NaN"):
                ask(network, GREY)
        with pytest.raises(ValueError, match="5 of 5 images, the first of them number 0"):
            networks.accuracy(network, GREY, np.zeros(5))

    def test_a_gradient_without_numbers_is_named(self):
        class Root(nn.Module):
            def forward(self, x):
                return x.flatten(1)[:, :2].sqrt()

        with pytest.raises(ValueError, match=r"gradient: expected finite .* at step 0"):
            synthesize(Root(), np.zeros((2, 3, 3)), np.eye(2), progress=False)

    def test_labels_fit_the_outputs(self):
        with pytest.raises(ValueError, match=r"labels: expected 0 to 4.* got 5"):
            networks.accuracy(seeded(mlp), GREY, [0, 1, 2, 3, 5])


class TestWhatItTakes:
    def test_a_shape_that_it_does_not_take_is_said_with_its_own_words(self):
        with pytest.raises(NetworkInputError, match=r"tried \(N, 4, 4\) and \(N, 1, 4, 4\)"):
            networks.evaluate(seeded(mlp), np.zeros((2, 4, 4)))
        with pytest.raises(NetworkInputError, match="expected a shape that the network takes"):
            networks.evaluate(seeded(lambda: cnn(3)), GREY)

    def test_two_images_are_not_two_channels(self):
        # torch takes (2, 6, 6) for one image of two channels.
        network = nn.Sequential(nn.Conv2d(1, 2, 6), nn.Flatten())
        assert networks.evaluate(network, GREY[:2]).shape == (2, 2)
        assert networks.evaluate(network, GREY[:1]).shape == (1, 2)

    def test_lazy_parameters_stay_lazy(self):
        network = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))
        with pytest.raises(NetworkInputError, match=r"'1\.weight', which is lazy"):
            networks.evaluate(network, GREY)
        assert isinstance(network[1].weight, nn.UninitializedParameter)

    def test_no_module_is_refused(self):
        with pytest.raises(NetworkInputError, match=r"expected a torch\.nn\.Module, got function"):
            networks.evaluate(lambda x: x, GREY)

    def test_images_are_not_rounded_for_a_float64_network(self):
        fine = GREY + 1e-12
        assert_array_equal(networks.evaluate(nn.Flatten().double(), fine).shape, (5, 36))
        network = nn.Sequential(nn.Flatten(), nn.Linear(36, 5, bias=False)).double()
        change = networks.evaluate(network, fine) - networks.evaluate(network, GREY)
        row_sums = 1e-12 * network[1].weight.detach().numpy().sum(1)
        assert_allclose(change, np.broadcast_to(row_sums, (5, 5)), atol=2e-15)

    def test_axes_of_starts_and_channels_are_told_apart(self):
        starts = RNG.random((2, 5, *SHAPE))
        made = synthesize(seeded(cnn), starts, np.eye(5), steps=1, progress=False)
        assert made.outputs.shape == (2, 2, 5, 5)
        starts = RNG.random((2, 5, 3, *SHAPE))
        network = seeded(lambda: cnn(3))
        made = synthesize(network, starts, np.eye(5), steps=1, progress=False)
        assert made.images.shape == starts.shape
        assert networks.recognise(network, starts)[0].shape == (2, 5)


class TestShippedNetworks:
    @pytest.fixture(params=["default dtype", "inference mode"])
    def setting(self, request):
        if request.param == "inference mode":
            with torch.inference_mode():
                yield
            return
        torch.set_default_dtype(torch.float64)
        try:
            yield
        finally:
            torch.set_default_dtype(torch.float32)

    @pytest.mark.parametrize(("name", "epoch"), [("fc1", 20), ("resnet18", 0)])
    def test_are_float32_whatever_the_caller_has_set(self, setting, name, epoch):
        network = networks.load(name, epoch)
        assert {p.dtype for p in network.parameters()} == {torch.float32}
        assert not any(p.is_inference() for p in network.parameters())

    def test_a_network_made_in_inference_mode_can_be_asked(self):
        with torch.inference_mode():
            network = seeded(mlp)
        made = synthesize(network, GREY, np.eye(5), steps=1, progress=False)
        assert made.images.shape == GREY.shape

    def test_float64_is_asked_without_a_copy(self):
        network = seeded(KINDS["weight_norm of old"][0]).eval()
        before = trace(network)
        weight = network[0].weight
        with asked(network, SHAPE, double=True) as ask:
            got = ask(torch.tensor(GREY))
        assert got.dtype == torch.float64
        assert_allclose(got.detach().numpy(), reference(network, GREY, None), atol=1e-5)
        assert network[0].weight.dtype == weight.dtype == torch.float32
        assert_untouched(before, network)


class TestTraining:
    def test_that_meets_nan_stops_and_keeps_the_epoch_before(self, tmp_path, monkeypatch):
        rng = np.random.default_rng(0)
        images, labels = rng.random((64, 28, 28)), rng.integers(0, 10, 64)
        good = (images, labels)
        networks.train("fc5", tmp_path, epochs=1, data=(good, good))
        kept = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
        bad = (images * 1e38, labels)
        with pytest.raises(networks.TrainingError, match=r"epoch 2: .* up to 1$"):
            networks.train("fc5", tmp_path, epochs=3, resume=True, data=(bad, bad))
        assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept
        with torch.no_grad():
            record = networks.train("fc5", tmp_path, epochs=2, resume=True, data=(good, good))
        assert len(record["history"]) == 2

    @pytest.mark.parametrize("file", ["record.json", "epoch01.safetensors"])
    @pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b"<html>", "cut"])
    def test_a_damaged_run_is_said_with_the_file_and_what_to_do(self, tmp_path, file, content):
        images, labels = np.zeros((32, 28, 28)), np.arange(32) % 10
        data = ((images, labels), (images, labels))
        networks.train("fc1", tmp_path, epochs=1, data=data)
        path = tmp_path / file
        whole = path.read_bytes()
        path.unlink()
        if content is not None:
            path.write_bytes(whole[: len(whole) // 2] if content == "cut" else content)
        if file == "record.json" and content is None:
            return  # no run is there, and a new one may begin
        with pytest.raises(FileError, match=rf"{file}.*; train anew in another folder"):
            networks.train("fc1", tmp_path, epochs=2, resume=True, data=data)
        with pytest.raises(FileError, match=file):
            networks.publish(tmp_path, tmp_path / "shipped")
