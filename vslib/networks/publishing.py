"""From a finished run to a shipped network: weights, facts and a model card."""

from pathlib import Path

import numpy as np

from vslib import files, mnist
from vslib.networks import checkpoints, shipped, training
from vslib.networks.architectures import INVERTIBLE, NAMES, build
from vslib.networks.fingerprints import checksums

__all__ = ["publish"]


def publish(folder, destination=shipped.FOLDER):
    """Write a finished run as a shipped network: its weights, facts and model card.

    fc1 ships after every epoch, fc5 before training and at the end, resnet18 at the end with
    its kernels in float16, the others at the end; accuracies are those of what ships.

    Parameters
    ----------
    folder : path-like
        As `train` left it.
    destination : path-like, optional
        The package's own folder by default.

    Raises
    ------
    vslib.files.FileError
        If a file of the run is missing or damaged; nothing is written then.

    Examples
    --------
    >>> import tempfile
    >>> try:
    ...     publish(tempfile.mkdtemp())
    ... except files.FileError as error:
    ...     print("record.json" in str(error))
    True
    """
    from safetensors.numpy import save

    folder, destination = Path(folder), Path(destination)
    facts = checkpoints.record(folder)
    name, last = facts["name"], len(facts["history"])
    epochs = {"fc1": range(last + 1), "fc5": (0, last)}.get(name, (last,))
    names = list(build(name).state_dict())
    facts |= {"epochs": last, "names": names, "files": {}}
    for epoch in epochs:
        state = checkpoints.state(folder, epoch)
        arrays = {key: state[key] for key in names}
        if name == "resnet18":
            arrays = {
                key: value.astype(np.float16) if value.ndim >= 2 else value
                for key, value in arrays.items()
            }
        content, file = save(arrays), f"{name}-epoch{epoch:02d}.safetensors"
        files.write(destination / file, content)
        facts["files"][str(epoch)] = {"file": file, "sha256": files.digest(content)}
    facts["initial_checksums"] = checksums(build(name, facts["seed"]))
    network = shipped.assemble(name, arrays)
    images, labels = mnist.load("train")
    _, validation = mnist.split(facts["seed"])
    facts["parameters"] = sum(parameter.numel() for parameter in network.parameters())
    facts["validation_accuracy"] = training.accuracy(
        network, images[validation], labels[validation]
    )
    facts["test_accuracy"] = training.accuracy(network, *mnist.load("test"))
    files.write_json(destination / f"{name}.json", facts)
    files.write(destination / f"{name}.md", _model_card(facts).encode())


def _model_card(facts):
    recipe = "; ".join(f"{key} {value}" for key, value in facts["recipe"].items())
    digests = "\n".join(
        f"| {epoch} | `{entry['file']}` | `{entry['sha256']}` |"
        for epoch, entry in facts["files"].items()
    )
    kind = "A small ReLU network for the maps of chapter 6"
    if facts["name"] in NAMES:
        kind = "One of the three networks of Pattichis and Pattichis (2024)"
    if facts["name"] in INVERTIBLE:
        kind = "One of the networks of chapter 9"
    return f"""# Model card: {facts["name"]}

{kind}, trained from scratch on MNIST by
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
