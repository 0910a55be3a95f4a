"""The networks that are trained and shipped: as torch modules, or as arrays."""

import functools
from importlib import resources

import numpy as np

from vslib import files
from vslib.networks.architectures import SHIPPED, NetworkError, build
from vslib.networks.fingerprints import checksums, fingerprint

__all__ = ["assemble", "card", "load", "weights"]

FOLDER = resources.files("vslib.networks") / "data" / "weights"
FACTS = ("epochs", "files", "initial_checksums", "initial_fingerprint", "names", "seed", "torch")


@functools.cache
def card(name):
    """The facts of a shipped network: recipe, seed, accuracies, epochs, file digests.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}, or another name in `SHIPPED`

    Returns
    -------
    dict
        As ``python -m vslib train`` wrote it; accuracies are fractions in [0, 1].

    Examples
    --------
    >>> facts = card("fc1")
    >>> facts["epochs"], facts["seed"], round(facts["test_accuracy"], 2)
    (20, 0, 0.92)
    """
    if name not in SHIPPED:
        raise NetworkError(f"network: expected one of {', '.join(SHIPPED)}, got {name!r}")
    return files.read_json(FOLDER / f"{name}.json", FACTS, build=_facts)


def _facts(found):
    if not all({"file", "sha256"} <= entry.keys() for entry in found["files"].values()):
        raise ValueError("files: expected a file and its sha256 for each epoch")
    return found


def weights(name, epoch=None):
    """Parameters of a shipped network as arrays, without torch.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}, or another name in `SHIPPED`
    epoch : int, optional
        The last by default; which ones ship is said by ``card(name)["files"]``.

    Returns
    -------
    dict of str to array
        By torch's names and in its order; floats are float32 whatever the file stores.

    Raises
    ------
    NetworkError
        If `name` or `epoch` does not ship.
    vslib.files.FileError
        If a file is missing or damaged.

    Examples
    --------
    >>> {key: value.shape for key, value in weights("fc1").items()}
    {'layer1.weight': (10, 784), 'layer1.bias': (10,)}
    """
    facts = card(name)
    epoch = facts["epochs"] if epoch is None else epoch
    if str(epoch) not in facts["files"]:
        raise NetworkError(
            f"{name} at epoch {epoch!r} does not ship as arrays: "
            f"expected one of {', '.join(facts['files'])}"
        )
    entry = facts["files"][str(epoch)]
    arrays = files.read_safetensors(FOLDER / entry["file"], str(entry["sha256"]))
    return {
        key: arrays[key].astype(np.float32) if arrays[key].dtype.kind == "f" else arrays[key]
        for key in facts["names"]
    }


def assemble(name, arrays):
    """A network of the given parameters, frozen and in evaluation mode.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}, or another name in `SHIPPED`
    arrays : dict of str to array
        As `weights` gives them; taken as float32.

    Returns
    -------
    torch.nn.Module
        From images (N, 28, 28) in [0, 1] to outputs (N, 10).

    Examples
    --------
    >>> assemble("fc1", weights("fc1")).training
    False
    """
    import torch

    network = build(name)
    network.load_state_dict({k: torch.tensor(v, device="cpu") for k, v in arrays.items()})
    return network.eval().requires_grad_(False)


def load(name, epoch=None):
    """A shipped network as a torch module in evaluation mode.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}, or another name in `SHIPPED`
    epoch : int, optional
        The last by default. Epoch 0, before training, is to be had for all: where it does not
        ship it is built again from its seed and checked by its fingerprint, or by its checksums
        where the processor is of another kind and rounds otherwise.

    Returns
    -------
    torch.nn.Module
        From images (N, 28, 28) in [0, 1] to outputs (N, 10), float32, parameters frozen.

    Raises
    ------
    NetworkError
        If it does not ship, or if this torch builds another network from the same seed.

    Examples
    --------
    >>> load("fc1").layer1
    Linear(in_features=784, out_features=10, bias=True)
    """
    facts = card(name)
    if epoch != 0 or "0" in facts["files"]:
        return assemble(name, weights(name, epoch))
    network = build(name, facts["seed"])
    got = fingerprint(network)
    sums = (list(each.values()) for each in (checksums(network), facts["initial_checksums"]))
    same = got == facts["initial_fingerprint"] or np.allclose(*sums, rtol=0, atol=1e-3)
    if not same:
        import torch

        raise NetworkError(
            f"{name} at epoch 0 is built from seed {facts['seed']}, and torch "
            f"{torch.__version__} builds another one than torch {facts['torch']} did: "
            f"expected fingerprint {facts['initial_fingerprint'][:12]}, got {got[:12]}; "
            "install the torch of requirements.txt"
        )
    return network.eval().requires_grad_(False)
