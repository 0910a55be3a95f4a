"""Training: the paper's recipe, and nothing lost but an epoch when it is killed."""

import json
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.torch import load_file
from torch import nn

from vslib import __main__ as command_line
from vslib import mnist, networks
from vslib.networks import accuracy, descend, train, training

EPOCHS = 3


@pytest.fixture(scope="module")
def data():
    """A little of MNIST: 96 images to train on, 40 to validate with."""
    images, labels = mnist.load("test")
    return (images[:96], labels[:96]), (images[100:140], labels[100:140])


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """A run of fc1 that was never interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    train("fc1", folder, EPOCHS, data=data)
    return contents(folder)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class TestTrain:
    def test_leaves_a_checkpoint_an_epoch_and_a_record(self, whole):
        names = {f"epoch{epoch:02d}.safetensors" for epoch in range(EPOCHS + 1)}
        assert set(whole) == {*names, "record.json"}
        record = json.loads(whole["record.json"])
        assert (record["name"], record["seed"]) == ("fc1", 0)
        assert record["recipe"] == training.RECIPE
        assert [entry["epoch"] for entry in record["history"]] == [1, 2, 3]

    def test_makes_the_loss_fall(self, whole):
        history = json.loads(whole["record.json"])["history"]
        losses = [entry["loss"] for entry in history]
        assert losses == sorted(losses, reverse=True)

    def test_shows_a_progress_bar_with_the_accuracy_of_each_epoch(self, data, tmp_path, capsys):
        record = train("fc1", tmp_path, 2, data=data)
        shown = capsys.readouterr().err
        for entry in record["history"]:
            assert f"fc1 epoch {entry['epoch']}/2: 100%" in shown
            assert f"validation accuracy {entry['validation_accuracy']:.4f}" in shown

    def test_records_what_the_checkpoints_do(self, data, tmp_path):
        record = train("fc1", tmp_path, 1, data=data)
        state = load_file(tmp_path / "epoch01.safetensors")
        network = networks.build("fc1")
        network.load_state_dict(
            {k.removeprefix("network/"): v for k, v in state.items() if "network" in k}
        )
        assert record["history"][0]["validation_accuracy"] == accuracy(network, *data[1])

    @pytest.mark.parametrize("name", networks.NAMES)
    def test_is_stochastic_gradient_descent_on_the_whole_network(self, name, data, tmp_path):
        # One batch an epoch, so that the order does not matter. resnet18 is trained cropped.
        (images, labels), validation = data
        images, labels = images[:32], labels[:32]
        train(name, tmp_path, 2, seed=1, data=[(images, labels), validation])
        network = networks.build(name, 1)
        velocities = [torch.zeros_like(parameter) for parameter in network.parameters()]
        for _ in range(2):
            outputs = network(torch.tensor(images))
            loss = nn.functional.cross_entropy(outputs, torch.tensor(labels))
            gradients = torch.autograd.grad(loss, list(network.parameters()))
            with torch.no_grad():
                for p, velocity, gradient in zip(
                    network.parameters(), velocities, gradients, strict=True
                ):
                    velocity.mul_(0.9).add_(gradient)
                    p.sub_(0.001 * velocity)
        state = load_file(tmp_path / "epoch02.safetensors")
        for key, value in network.state_dict().items():
            assert_allclose(state[f"network/{key}"], value, atol=2e-5, err_msg=key)

    def test_depends_on_its_seed_alone(self, whole, data, tmp_path):
        torch.manual_seed(99)
        np.random.default_rng(99)
        train("fc1", tmp_path / "again", EPOCHS, data=data)
        train("fc1", tmp_path / "other", EPOCHS, seed=1, data=data)
        assert contents(tmp_path / "again") == whole
        other = contents(tmp_path / "other")
        assert all(other[name] != whole[name] for name in whole)


class TestResume:
    def test_after_an_epoch_gives_what_a_whole_run_gives(self, whole, data, tmp_path):
        train("fc1", tmp_path, 1, data=data)
        train("fc1", tmp_path, EPOCHS, resume=True, data=data)
        assert contents(tmp_path) == whole

    def test_of_the_cropped_resnet18_gives_what_a_whole_run_gives(self, data, tmp_path):
        train("resnet18", tmp_path / "whole", 2, data=data)
        train("resnet18", tmp_path / "parts", 1, data=data)
        train("resnet18", tmp_path / "parts", 2, resume=True, data=data)
        assert contents(tmp_path / "parts") == contents(tmp_path / "whole")

    def test_of_nothing_starts(self, whole, data, tmp_path):
        train("fc1", tmp_path, EPOCHS, resume=True, data=data)
        assert contents(tmp_path) == whole

    def test_of_a_finished_run_changes_nothing(self, whole, data, tmp_path):
        for name, content in whole.items():
            (tmp_path / name).write_bytes(content)
        record = train("fc1", tmp_path, EPOCHS, resume=True, data=data)
        assert contents(tmp_path) == whole
        assert record == json.loads(whole["record.json"])

    def test_must_be_asked_for(self, whole, data, tmp_path):
        train("fc1", tmp_path, 1, data=data)
        before = contents(tmp_path)
        with pytest.raises(ValueError, match="holds a run already: ask to resume it, or name"):
            train("fc1", tmp_path, EPOCHS, data=data)
        assert contents(tmp_path) == before

    @pytest.mark.parametrize(
        "name, seed, words",
        [
            ("fc5", 0, "record.json is of another run: expected name 'fc5', got 'fc1'"),
            ("fc1", 1, "record.json is of another run: expected seed 1, got 0"),
        ],
    )
    def test_of_another_run_is_refused(self, name, seed, words, whole, data, tmp_path):
        for file, content in whole.items():
            (tmp_path / file).write_bytes(content)
        with pytest.raises(ValueError, match=re.escape(words)):
            train(name, tmp_path, EPOCHS, seed=seed, resume=True, data=data)
        assert contents(tmp_path) == whole


# A process that trains, in children that each kill themselves at another moment: at the nth time
# that a file is about to be made durable or put in its place, or the nth step is taken.
KILLED = """
import os, signal, sys
import safetensors.torch, torch, tqdm.auto
from vslib import mnist
from vslib.networks import training

folder = sys.argv[1]
images, labels = mnist.load("test")
data = (images[:96], labels[:96]), (images[100:140], labels[100:140])

torch.optim.SGD([torch.zeros(1, requires_grad=True)])  # imports a lot, once for all children

def kill_at(owner, name, nth):
    original, calls = getattr(owner, name), [0]
    def step(*args, **kwargs):
        calls[0] += 1
        if calls[0] == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*args, **kwargs)
    setattr(owner, name, step)

for moment in sys.argv[2:]:
    name, nth = moment.split("-")
    child = os.fork()
    if not child:
        kill_at({"step": torch.optim.SGD}.get(name, os), name, int(nth))
        training.train("fc1", f"{folder}/{moment}", 3, data=data)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(moment, os.WTERMSIG(status), flush=True)
"""
# 3 epochs of 3 steps; files are written before the first epoch, and two after each.
MOMENTS = [
    *(f"step-{nth}" for nth in (1, 2, 5, 9)),
    *(f"{name}-{nth}" for name in ("fsync", "replace") for nth in range(1, 8)),
]


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    command = [sys.executable, "-c", KILLED, folder, *MOMENTS]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.split("\n")[:-1] == [f"{moment} {signal.SIGKILL:d}" for moment in MOMENTS]
    return folder


class TestKilled:
    @pytest.mark.parametrize("moment", MOMENTS)
    def test_at_any_moment_leaves_whole_files_and_loses_an_epoch_at_most(self, moment, killed):
        folder = killed / moment
        name, nth = moment.split("-")
        whole_epochs = (int(nth) - 1) // 3 if name == "step" else max(0, int(nth) - 2) // 2
        record = folder / "record.json"
        saved = len(json.loads(record.read_text())["history"]) if record.is_file() else 0
        assert saved >= whole_epochs
        for path in folder.glob("*.safetensors") if folder.is_dir() else ():
            assert load_file(path)

    @pytest.mark.parametrize("moment", MOMENTS)
    def test_at_any_moment_and_resumed_gives_what_a_whole_run_gives(
        self, moment, killed, whole, data
    ):
        train("fc1", killed / moment, EPOCHS, resume=True, data=data)
        assert contents(killed / moment) == whole


class TestAccuracy:
    images = np.zeros((5, 28, 28))

    def network(self, outputs):
        class Fixed(nn.Module):
            def forward(self, images):
                return outputs[: len(images)]

        return Fixed()

    def test_is_the_share_of_largest_outputs_at_their_label(self):
        outputs = torch.eye(10)[[3, 1, 4, 1, 5]]
        assert accuracy(self.network(outputs), self.images, [3, 1, 4, 1, 5]) == 1
        assert accuracy(self.network(outputs), self.images, [3, 1, 4, 0, 0]) == 0.6

    def test_does_not_depend_on_how_many_are_taken_at_a_time(self):
        images, labels = mnist.load("test")
        network = networks.load("fc1")
        shares = {accuracy(network, images[:50], labels[:50], batch) for batch in (1, 7, 50, 99)}
        assert len(shares) == 1

    @pytest.mark.parametrize("mode", [True, False])
    def test_is_that_in_evaluation_mode_and_puts_the_mode_back(self, mode):
        network = networks.build("resnet18").train(mode)
        before = networks.fingerprint(network)
        accuracy(network, self.images, np.zeros(5))
        assert network.training == network.bn1.training == mode
        assert networks.fingerprint(network) == before


class TestCommandLine:
    @pytest.fixture
    def run(self, monkeypatch):
        """Runs the command line, and gives the calls that it makes in place of training."""

        def run(*arguments):
            calls = []

            def train(*given, recipe):
                calls.append(("train", *given, recipe))
                return {"history": [{"validation_accuracy": 0.5}]}

            monkeypatch.setattr(networks, "train", train)
            monkeypatch.setattr(
                networks, "publish", lambda *given: calls.append(("publish", *given))
            )
            monkeypatch.setattr(sys, "argv", ["vslib", *arguments])
            command_line.main()
            return calls

        return run

    def test_trains_by_the_papers_recipe_if_nothing_else_is_said(self, run, capsys):
        assert run("train", "fc1") == [("train", "fc1", "runs/fc1", None, 0, False, None)]
        assert capsys.readouterr().out == "runs/fc1: validation accuracy 0.5000\n"

    def test_takes_epochs_seed_folder_and_resume(self, run):
        calls = run(
            "train", "resnet18", "--epochs", "3", "--seed", "7", "--folder", "there", "--resume"
        )
        assert calls == [("train", "resnet18", "there", 3, 7, True, None)]

    def test_trains_a_bijection_by_its_own_recipe_or_that_of_the_paper(self, run):
        assert run("train", "bijection")[0][-1] is None
        assert run("train", "bijection", "--paper")[0][-1] == networks.RECIPE

    def test_publishes_if_asked(self, run):
        assert run("train", "fc5", "--publish") == [
            ("train", "fc5", "runs/fc5", None, 0, False, None),
            ("publish", "runs/fc5"),
        ]

    @pytest.mark.parametrize(
        "arguments, words",
        [
            ((), "required: command"),
            (("train",), "required: name"),
            (("train", "vgg"), "invalid choice: 'vgg'"),
            (("train", "fc1", "--epochs", "many"), "invalid int value: 'many'"),
            (("train", "fc1", "--epochs", "0"), "expected 1 or more, got 0"),
        ],
    )
    def test_says_what_is_wrong(self, arguments, words, run, capsys):
        with pytest.raises(SystemExit):
            run(*arguments)
        assert words in capsys.readouterr().err

    def test_of_fc1_for_one_epoch_of_all_the_data_gives_what_ships(self, tmp_path):
        command = [sys.executable, "-m", "vslib", "train", "fc1", "--epochs", "1"]
        done = subprocess.run(
            [*command, "--folder", tmp_path], capture_output=True, text=True, check=True
        )
        assert "fc1 epoch 1/1: 100%" in done.stderr
        share = float(re.fullmatch(r".*: validation accuracy (0\.\d{4})\n", done.stdout)[1])
        assert share > 0.86
        state = load_file(tmp_path / "epoch01.safetensors")
        for key, value in networks.weights("fc1", 1).items():
            assert_allclose(state[f"network/{key}"], value, atol=1e-4)


class TestDescend:
    rng = np.random.default_rng(0)
    W, b = rng.normal(0, 0.3, (3, 10, 6)), rng.normal(0, 0.1, (3, 10))
    images, labels = rng.uniform(size=(64, 6)), rng.integers(10, size=64)

    @pytest.mark.parametrize("selu", [True, False])
    def test_is_what_torch_does_to_each_copy(self, selu):
        images, labels = self.images[:32], self.labels[:32]
        W, b = descend(self.W, self.b, images, labels, selu, epochs=5)
        for copy in range(3):
            layer = nn.Linear(6, 10)
            with torch.no_grad():
                layer.weight.copy_(torch.tensor(self.W[copy]))
                layer.bias.copy_(torch.tensor(self.b[copy]))
            network = nn.Sequential(layer, nn.SELU() if selu else nn.Identity())
            optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)
            for _ in range(5):
                optimizer.zero_grad()
                outputs = network(torch.tensor(images, dtype=torch.float32))
                nn.functional.cross_entropy(outputs, torch.tensor(labels)).backward()
                optimizer.step()
            assert_allclose(W[copy], layer.weight.detach(), atol=1e-6)
            assert_allclose(b[copy], layer.bias.detach(), atol=1e-6)

    def test_trains_each_copy_as_if_alone_and_leaves_its_start(self):
        start = self.W.copy()
        W, b = descend(self.W, self.b, self.images, self.labels, epochs=2)
        alone = descend(self.W[1:2], self.b[1:2], self.images, self.labels, epochs=2)
        assert_allclose(W[1:2], alone[0], atol=1e-6)
        assert_allclose(b[1:2], alone[1], atol=1e-6)
        assert_array_equal(self.W, start)
        assert W.shape == self.W.shape and b.shape == self.b.shape

    def test_is_seeded(self):
        runs = [
            descend(self.W, self.b, self.images, self.labels, epochs=1, seed=seed)[0]
            for seed in (0, 0, 1)
        ]
        assert_array_equal(runs[0], runs[1])
        assert (runs[0] != runs[2]).any()

    def test_without_selu_never_moves_the_sum_of_the_rows(self):
        W, b = descend(self.W, self.b, self.images, self.labels, selu=False)
        assert_allclose(W.sum(1), self.W.sum(1), atol=1e-5)
        assert_allclose(b.sum(1), self.b.sum(1), atol=1e-5)
        assert np.abs(W - self.W).max() > 1e-3
