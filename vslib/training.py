"""Training by the paper's recipe, safe against being killed at any moment."""

import json
from pathlib import Path

import numpy as np

from vslib import files, layers, mnist, networks

__all__ = ["accuracy", "publish", "train"]

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
    labels : (N,) array
    batch : int
        Images at a time.
    """
    import torch

    training = network.training
    network.eval()
    with torch.inference_mode():
        hits = sum(
            int(
                (
                    network(torch.tensor(images[i : i + batch])).argmax(1).numpy()
                    == labels[i : i + batch]
                ).sum()
            )
            for i in range(0, len(images), batch)
        )
    network.train(training)
    return hits / len(images)


def train(name, folder, epochs=20, seed=0, resume=False, data=None):
    """Train one of the paper's networks from scratch, a checkpoint after each epoch.

    Kernels are trained without the taps that only ever meet padding, which no gradient
    reaches (`layers.crop_unseen_taps`): the same network in two thirds of the time.

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
        If `folder` already holds a run and `resume` is not asked for, or holds another one.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from tqdm.auto import trange

    folder = Path(folder)
    network = networks.build(name, seed)
    record = {
        "name": name,
        "seed": seed,
        "torch": torch.__version__,
        "recipe": RECIPE,
        "initial_fingerprint": networks.fingerprint(network),
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
    if data is None:
        images, labels = mnist.load("train")
        data = [(images[part], labels[part]) for part in mnist.split(seed)]
    (images, labels), validation = [(x, np.asarray(y)) for x, y in data]

    small, windows = layers.crop_unseen_taps(network, images.shape[1:])
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
        with trange(
            0, len(order), RECIPE["batch size"], desc=f"{name} epoch {epoch}/{epochs}"
        ) as bar:
            for start in bar:
                batch = order[start : start + RECIPE["batch size"]].numpy()
                optimizer.zero_grad()
                loss = cross_entropy(
                    small(torch.tensor(images[batch])), torch.tensor(labels[batch])
                )
                loss.backward()
                optimizer.step()
                total += loss.item() * len(batch)
            share = accuracy(small, *validation)
            bar.set_postfix_str(f"validation accuracy {share:.4f}")
        layers.fill_taps(network, small, windows)
        momenta = {
            key: optimizer.state[p]["momentum_buffer"] for key, p in small.named_parameters()
        }
        _checkpoint(folder, epoch, network, momenta)
        record["history"].append(
            {"epoch": epoch, "loss": total / len(images), "validation_accuracy": share}
        )
        files.write(found, json.dumps(record, indent=1).encode())
    return record


def publish(folder, destination=networks.FOLDER):
    """Write a finished run as a shipped network: its weights, facts and model card.

    fc1 ships after every epoch, fc5 before training and at the end, resnet18 at the end with
    its kernels in float16; accuracies are those of what ships.

    Parameters
    ----------
    folder : path-like
        As `train` left it.
    destination : path-like, optional
        The package's own folder by default.
    """
    from safetensors.numpy import load, save

    folder, destination = Path(folder), Path(destination)
    facts = json.loads((folder / "record.json").read_text())
    name, last = facts["name"], len(facts["history"])
    shipped = {"fc1": range(last + 1), "fc5": (0, last), "resnet18": (last,)}[name]
    facts |= {"epochs": last, "files": {}}
    for epoch in shipped:
        state = load((folder / f"epoch{epoch:02d}.safetensors").read_bytes())
        arrays = {
            key.removeprefix("network/"): value
            for key, value in state.items()
            if key.startswith("network/")
        }
        if name == "resnet18":
            arrays = {
                key: value.astype(np.float16) if value.ndim >= 2 else value
                for key, value in arrays.items()
            }
        content, file = save(arrays), f"{name}-epoch{epoch:02d}.safetensors"
        files.write(destination / file, content)
        facts["files"][str(epoch)] = {"file": file, "sha256": files.digest(content)}
    network = networks.assemble(name, arrays)
    images, labels = mnist.load("train")
    _, validation = mnist.split(facts["seed"])
    facts["parameters"] = sum(parameter.numel() for parameter in network.parameters())
    facts["validation_accuracy"] = accuracy(network, images[validation], labels[validation])
    facts["test_accuracy"] = accuracy(network, *mnist.load("test"))
    files.write(destination / f"{name}.json", json.dumps(facts, indent=1).encode())
    files.write(destination / f"{name}.md", _model_card(facts).encode())


def _model_card(facts):
    recipe = "; ".join(f"{key} {value}" for key, value in facts["recipe"].items())
    digests = "\n".join(
        f"| {epoch} | `{entry['file']}` | `{entry['sha256']}` |"
        for epoch, entry in facts["files"].items()
    )
    return f"""# Model card: {facts["name"]}

One of the three networks of Pattichis and Pattichis (2024), trained from scratch on MNIST by
`python -m vslib train {facts["name"]}`. Made for the book *What a Network Keeps*: to be looked
into, not to be relied on for reading digits.

| | |
|---|---|
| parameters | {facts["parameters"]:,} |
| recipe | {recipe} |
| epochs | {facts["epochs"]} |
| seed | {facts["seed"]} (initial weights, split, order of the images) |
| split | 50,000 training and 10,000 validation images, `vslib.mnist.split({facts["seed"]})` |
| validation accuracy | {facts["validation_accuracy"]:.4f} |
| test accuracy | {facts["test_accuracy"]:.4f} |
| torch | {facts["torch"]} |
| before training | fingerprint `{facts["initial_fingerprint"]}` |
| data | MNIST, LeCun, Cortes and Burges, CC BY-SA 3.0 |

| epoch | file | sha256 |
|---|---|---|
{digests}
"""


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
