"""Training by the paper's recipe, safe against being killed at any moment."""

import math
from pathlib import Path

from vslib import files, mnist
from vslib.arrays import class_labels, labelled
from vslib.inference import NetworkOutputError
from vslib.layers import crop_unseen_taps, fill_taps
from vslib.networks.architectures import build
from vslib.networks.checkpoints import restore, save
from vslib.networks.evaluation import checked, evaluate
from vslib.networks.fingerprints import fingerprint
from vslib.networks.methods import CYCLE, Descent, OneCycle

__all__ = ["RECIPE", "RECIPES", "TrainingError", "accuracy", "train"]

RECIPE = {
    "optimizer": "SGD",
    "learning rate": 0.001,
    "momentum": 0.9,
    "batch size": 32,
    "loss": "cross-entropy of the outputs",
    "images": "[0, 1], not normalised",
}
# Of the networks that are not the paper's; the names of what is added to the loss are weights.
RECIPES = {
    "bijection": CYCLE,
    "twin": CYCLE,
    "residual": CYCLE,
    "bijection-reconstruction": CYCLE | {"reconstruction": 10.0, "noise": 0.1},
    "bijection-likelihood": CYCLE | {"likelihood": 1.0, "noise": 0.1},
    "bijection-noise": CYCLE | {"noise": 0.1},
    "bijection-adversary": CYCLE | {"likelihood": 1.0, "adversary": 0.5, "noise": 0.1},
}


class TrainingError(ValueError):
    """Training that came to numbers that are none; the epochs before are kept.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> glaring = 1e38 * np.random.default_rng(0).random((32, 28, 28)), np.arange(32) % 10
    >>> try:
    ...     train("fc5", tempfile.mkdtemp() + "/run", epochs=1, data=(glaring, glaring))
    ... except TrainingError as error:
    ...     print("epoch 1" in str(error))
    True
    """


def _stopped(folder, epoch, why):
    return (
        f"training stopped in epoch {epoch}: expected finite numbers, got none, {why}; "
        f"{folder} holds the epochs up to {epoch - 1}"
    )


def accuracy(network, images, labels, batch=1000, take=None):
    """Share of images, in [0, 1], whose largest output is at their label.

    Parameters
    ----------
    network : torch.nn.Module
        As `vslib.networks.evaluate` takes it.
    images : (N, h, w) or (N, C, h, w) array
    labels : (N,) array of integers from 0 to the number of outputs less 1
    batch : int
        Images at a time.
    take : str, int or callable, optional
        As for `vslib.networks.evaluate`.

    Raises
    ------
    ValueError
        If an image is not finite and real, not every image has one such label, or the outputs
        are not finite.

    Examples
    --------
    >>> from vslib import networks
    >>> images, labels = mnist.load("test")
    >>> round(accuracy(networks.load("fc1"), images, labels), 2)
    0.92
    """
    images = checked(images)
    labels = class_labels(labels, len(images))
    outputs = evaluate(network, images, batch, take)
    if outputs.ndim != 2:
        raise ValueError(f"outputs: expected shape (N, classes), got {outputs.shape}")
    if labels.max() >= outputs.shape[1]:
        raise ValueError(
            f"labels: expected 0 to {outputs.shape[1] - 1}, for each output one, got {labels.max()}"
        )
    return float((outputs.argmax(1) == labels).mean())


def train(name, folder, epochs=None, seed=0, resume=False, data=None, recipe=None):
    """Train a network that ships from scratch, a checkpoint after each epoch.

    Kernels are trained without the taps that only ever meet padding, which no gradient
    reaches (`crop_unseen_taps`): the same network in two thirds of the time.

    Parameters
    ----------
    name : str
        As `vslib.networks.build` takes it.
    folder : path-like
        Takes ``epochNN.safetensors`` and ``record.json``, each either whole or not there.
    epochs : int, optional
        By default 20, and for a network of `RECIPES` what its recipe says.
    seed : int
        Of the initial weights, the split and the order of the images.
    resume : bool
        Go on after the last epoch that `folder` holds. The result is that of a run that was
        never interrupted.
    data : pair of pairs of arrays, optional
        Images and labels to train on, images and labels to validate with; by default the
        50,000 and 10,000 of ``mnist.split(seed)``.
    recipe : dict, optional
        By default that of `RECIPES`, or the paper's, `RECIPE`, for a network that is not there.

    Returns
    -------
    dict
        The record: recipe, seed, torch version, a list of loss and accuracy by epoch.

    Raises
    ------
    ValueError
        If `folder` already holds a run and `resume` is not asked for, or holds another one; if
        `data` is not finite images and one label from 0 to 9 for each.
    TrainingError
        If the loss or a weight is no finite number; the epochs before stay as they are.
    vslib.files.FileError
        If a file of the run to be resumed is missing or damaged.

    Examples
    --------
    >>> import tempfile
    >>> few = tuple(part[:64] for part in mnist.load("test"))
    >>> folder = Path(tempfile.mkdtemp()) / "run"
    >>> record = train("fc1", folder, epochs=1, data=(few, few))
    >>> len(record["history"]), sorted(path.name for path in folder.iterdir())[-1]
    (1, 'record.json')
    """
    import torch

    with torch.inference_mode(False), torch.enable_grad():
        recipe = RECIPES.get(name, RECIPE) if recipe is None else recipe
        epochs = recipe.get("epochs", 20) if epochs is None else epochs
        recipe = recipe | {"epochs": epochs} if "epochs" in recipe else recipe
        return _train(name, Path(folder), epochs, seed, resume, data, recipe)


def _train(name, folder, epochs, seed, resume, data, recipe):
    import torch
    from tqdm.auto import tqdm

    network = build(name, seed)
    record = {
        "name": name,
        "seed": seed,
        "torch": torch.__version__,
        "recipe": recipe,
        "initial_fingerprint": fingerprint(network),
        "history": [],
    }
    momenta = {}
    found = folder / "record.json"
    if found.is_file():
        if not resume:
            raise ValueError(
                f"{folder} holds a run already: ask to resume it, or name another folder"
            )
        record, momenta = restore(folder, network, record)
    for pattern in (".epoch*.safetensors-*", ".record.json-*"):
        for left_by_a_killed_run in folder.glob(pattern):
            left_by_a_killed_run.unlink()
    if data is None:
        images, labels = mnist.load("train")
        data = [(images[part], labels[part]) for part in mnist.split(seed)]
    (images, labels), validation = [labelled(*pair) for pair in data]

    size = recipe["batch size"]
    steps = epochs * math.ceil(len(images) / size)
    if recipe["optimizer"] == "SGD":
        small, windows = crop_unseen_taps(network, images.shape[1:])
        method = Descent(small, recipe, momenta, steps)
    else:
        small, windows = network, {}
        method = OneCycle(network, recipe, momenta, steps)
    if not record["history"]:
        save(folder, 0, network, {})
    for epoch in range(len(record["history"]) + 1, epochs + 1):
        generator = torch.Generator().manual_seed(1000 * seed + epoch)
        order = torch.randperm(len(images), generator=generator)
        small.train()
        total = 0.0
        with tqdm(total=len(order), desc=f"{name} epoch {epoch}/{epochs}", unit="image") as bar:
            for start in range(0, len(order), size):
                batch = order[start : start + size].numpy()
                loss = method.learn(
                    torch.tensor(images[batch]), torch.tensor(labels[batch]), generator
                )
                total += loss * len(batch)
                if not math.isfinite(total):
                    raise TrainingError(_stopped(folder, epoch, f"the loss is {loss}"))
                bar.update(len(batch))
            if not all(torch.isfinite(p).all() for p in small.parameters()):
                raise TrainingError(_stopped(folder, epoch, "a weight is no finite number"))
            try:
                share = accuracy(small, *validation)
            except NetworkOutputError as error:
                raise TrainingError(_stopped(folder, epoch, str(error))) from error
            bar.set_postfix_str(f"validation accuracy {share:.4f}")
        if small is not network:
            fill_taps(network, small, windows)
        save(folder, epoch, network, method.momenta())
        record["history"].append(
            {"epoch": epoch, "loss": total / len(images), "validation_accuracy": share}
        )
        files.write_json(found, record)
    return record
