"""Training by the paper's recipe, safe against being killed at any moment."""

import json
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from vslib import files, mnist
from vslib.arrays import labelled, real_array
from vslib.layers import crop_unseen_taps, fill_taps
from vslib.networks.evaluation import evaluate
from vslib.networks.shipped import build, fingerprint

__all__ = ["accuracy", "descend", "train"]

RECIPE = {
    "optimizer": "SGD",
    "learning rate": 0.001,
    "momentum": 0.9,
    "batch size": 32,
    "loss": "cross-entropy of the outputs",
    "images": "[0, 1], not normalised",
}


def accuracy(network, images, labels, batch=1000):
    """Share of images, in [0, 1], whose largest output is at their label.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode while it is asked; its mode is put back afterwards.
    images : (N, 28, 28) array
    labels : (N,) array of the digits 0 to 9
    batch : int
        Images at a time.

    Raises
    ------
    ValueError
        If an image is not finite and real, or not every image has one label from 0 to 9.
    """
    images, labels = labelled(images, labels)
    return float((evaluate(network, images, batch).argmax(1) == labels).mean())


def train(name, folder, epochs=20, seed=0, resume=False, data=None):
    """Train one of the paper's networks from scratch, a checkpoint after each epoch.

    Kernels are trained without the taps that only ever meet padding, which no gradient
    reaches (`crop_unseen_taps`): the same network in two thirds of the time.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}
    folder : path-like
        Takes ``epochNN.safetensors`` and ``record.json``, each either whole or not there.
    epochs : int
    seed : int
        Of the initial weights, the split and the order of the images.
    resume : bool
        Go on after the last epoch that `folder` holds. The result is that of a run that was
        never interrupted.
    data : pair of pairs of arrays, optional
        Images and labels to train on, images and labels to validate with; by default the
        50,000 and 10,000 of ``mnist.split(seed)``.

    Returns
    -------
    dict
        The record: recipe, seed, torch version, a list of loss and accuracy by epoch.

    Raises
    ------
    ValueError
        If `folder` already holds a run and `resume` is not asked for, or holds another one; if
        `data` is not finite images and one label from 0 to 9 for each.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from tqdm.auto import tqdm

    folder = Path(folder)
    network = build(name, seed)
    record = {
        "name": name,
        "seed": seed,
        "torch": torch.__version__,
        "recipe": RECIPE,
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
        record, momenta = _restore(found, network, record)
    for pattern in (".epoch*.safetensors-*", ".record.json-*"):
        for left_by_a_killed_run in folder.glob(pattern):
            left_by_a_killed_run.unlink()
    if data is None:
        images, labels = mnist.load("train")
        data = [(images[part], labels[part]) for part in mnist.split(seed)]
    (images, labels), validation = [labelled(*pair) for pair in data]

    small, windows = crop_unseen_taps(network, images.shape[1:])
    optimizer = torch.optim.SGD(
        small.parameters(),
        lr=RECIPE["learning rate"],
        momentum=RECIPE["momentum"],
        fused=True,
    )
    for key, parameter in small.named_parameters():
        if key in momenta:
            optimizer.state[parameter]["momentum_buffer"] = momenta[key]
    if not record["history"]:
        _checkpoint(folder, 0, network, {})
    for epoch in range(len(record["history"]) + 1, epochs + 1):
        order = torch.randperm(
            len(images), generator=torch.Generator().manual_seed(1000 * seed + epoch)
        )
        small.train()
        total = 0.0
        with tqdm(total=len(order), desc=f"{name} epoch {epoch}/{epochs}", unit="image") as bar:
            for start in range(0, len(order), RECIPE["batch size"]):
                batch = order[start : start + RECIPE["batch size"]].numpy()
                optimizer.zero_grad()
                loss = cross_entropy(
                    small(torch.tensor(images[batch])), torch.tensor(labels[batch])
                )
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
                bar.update(len(batch))
            share = accuracy(small, *validation)
            bar.set_postfix_str(f"validation accuracy {share:.4f}")
        fill_taps(network, small, windows)
        momenta = {
            key: optimizer.state[p]["momentum_buffer"] for key, p in small.named_parameters()
        }
        _checkpoint(folder, epoch, network, momenta)
        record["history"].append(
            {"epoch": epoch, "loss": total / len(images), "validation_accuracy": share}
        )
        files.write(found, json.dumps(record, indent=1).encode())
    return record


# The products are small: on a busy machine, waiting for a second thread costs far more.
@threadpool_limits.wrap(limits=1)
def descend(W, b, images, labels, selu=True, epochs=20, seed=0):
    """Train copies of the one-layer network side by side, each from a start of its own.

    The paper's recipe by hand, in NumPy: all copies meet the same batches in the same order.

    Parameters
    ----------
    W : (copies, 10, n) array
        Weights to start from.
    b : (copies, 10) array
        Biases to start from.
    images : (N, n) array
    labels : (N,) array of the digits 0 to 9
    selu : bool
        Whether SELU follows the layer, as in fc1.
    epochs : int
    seed : int
        Of the order of the images.

    Returns
    -------
    W, b : float32 arrays of the shapes given
        After training.

    Raises
    ------
    ValueError
        If an array is not finite and real, or their shapes do not fit.
    """
    W = real_array(W, "W", axes=3, dtype=np.float32)
    b = real_array(b, "b", axes=2, dtype=np.float32)
    images, labels = labelled(images, labels)
    copies, classes, n = W.shape
    if (*b.shape, n) != W.shape or classes != 10 or images.shape[1:] != (n,):
        raise ValueError(
            "W, b, images: expected shapes (copies, 10, n), (copies, 10), (N, n), "
            f"got {W.shape}, {b.shape}, {images.shape}"
        )
    rate, momentum, size = (RECIPE[key] for key in ("learning rate", "momentum", "batch size"))
    W, b = W.reshape(-1, n), b.reshape(-1)
    targets = np.eye(classes, dtype=np.float32)[labels]
    W_step, b_step = np.zeros_like(W), np.zeros_like(b)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            x = images[batch]
            outputs, slope = _selu(x @ W.T + b) if selu else (x @ W.T + b, 1)
            shares = outputs.reshape(-1, copies, classes)
            shares = np.exp(shares - shares.max(2, keepdims=True))
            shares /= shares.sum(2, keepdims=True)
            error = (shares - targets[batch, None]) / np.float32(len(batch))
            gradient = error.reshape(len(batch), -1) * slope
            W_step *= momentum
            W_step += gradient.T @ x
            b_step *= momentum
            b_step += gradient.sum(0)
            W -= rate * W_step
            b -= rate * b_step
    return W.reshape(copies, classes, n), b.reshape(copies, classes)


def _selu(z):
    scale, alpha = np.float32(1.0507009873554805), np.float32(1.6732632423543772)
    below = alpha * np.exp(np.minimum(z, 0))
    return scale * np.where(z > 0, z, below - alpha), scale * np.where(z > 0, 1, below)


def _checkpoint(folder, epoch, network, momenta):
    from safetensors.torch import save

    state = {f"network/{key}": value for key, value in network.state_dict().items()}
    state |= {f"momentum/{key}": value for key, value in momenta.items()}
    files.write(folder / f"epoch{epoch:02d}.safetensors", save(state))


def _restore(path, network, expected):
    from safetensors.torch import load

    record = json.loads(path.read_text())
    for key in ("name", "seed", "recipe", "initial_fingerprint"):
        if record[key] != expected[key]:
            raise ValueError(
                f"{path} is of another run: expected {key} {expected[key]!r}, got {record[key]!r}"
            )
    last = path.parent / f"epoch{len(record['history']):02d}.safetensors"
    state = load(last.read_bytes())
    parts = {"network": {}, "momentum": {}}
    for key, value in state.items():
        part, name = key.split("/")
        parts[part][name] = value
    network.load_state_dict(parts["network"])
    return record, parts["momentum"]
