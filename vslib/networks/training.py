"""Training by the paper's recipe, safe against being killed at any moment."""

import json
from pathlib import Path

from vslib import files, mnist
from vslib.arrays import labelled
from vslib.layers import crop_unseen_taps, fill_taps
from vslib.networks.evaluation import evaluate
from vslib.networks.fingerprints import fingerprint
from vslib.networks.shipped import build

__all__ = ["RECIPE", "accuracy", "train"]

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

    Examples
    --------
    >>> from vslib import networks
    >>> images, labels = mnist.load("test")
    >>> round(accuracy(networks.load("fc1"), images, labels), 2)
    0.92
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
