"""What training leaves after each epoch, and how it is taken up again."""

from pathlib import Path

from vslib import files

__all__ = ["record", "restore", "save", "state"]

KEYS = ("name", "seed", "recipe", "initial_fingerprint", "history")
MEND = "train anew in another folder, or put the file back"


def record(folder):
    """What a run wrote down: recipe, seed, loss and accuracy by epoch.

    Parameters
    ----------
    folder : path-like
        Of a run of `vslib.networks.train`.

    Raises
    ------
    vslib.files.FileError
        If its record.json is missing or damaged.

    Examples
    --------
    >>> try:
    ...     record("no/such/run")
    ... except files.FileError as error:
    ...     print(str(error).split(";")[0])
    no/such/run/record.json is missing
    """
    path = Path(folder) / "record.json"
    found = files.read_json(path, KEYS, MEND)
    if not isinstance(found["history"], list):
        raise files.FileError(f"{path} is damaged: expected a list of epochs; {MEND}")
    return found


def state(folder, epoch, part="network"):
    """What a checkpoint holds of the network, or of the momenta of its training.

    Parameters
    ----------
    folder : path-like
    epoch : int
    part : {"network", "momentum"}

    Returns
    -------
    dict of str to array
        By torch's names.

    Raises
    ------
    vslib.files.FileError
        If the file is missing, cut, of another format, or holds no network.

    Examples
    --------
    >>> import tempfile
    >>> from vslib import networks
    >>> folder = tempfile.mkdtemp()
    >>> save(folder, 0, networks.build("fc1"), {})
    >>> sorted(state(folder, 0))
    ['layer1.bias', 'layer1.weight']
    """
    path = Path(folder) / f"epoch{epoch:02d}.safetensors"
    arrays = files.read_safetensors(path, mend=MEND)
    if not any(key.startswith("network/") for key in arrays):
        raise files.FileError(f"{path} is no checkpoint of a run: it holds no network; {MEND}")
    prefix = f"{part}/"
    return {k.removeprefix(prefix): v for k, v in arrays.items() if k.startswith(prefix)}


def save(folder, epoch, network, momenta):
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    folder : path-like
    epoch : int
    network : torch.nn.Module
    momenta : dict of str to torch.Tensor
        Of the optimizer, by the name of the parameter.

    Examples
    --------
    >>> import tempfile
    >>> from vslib import networks
    >>> folder = tempfile.mkdtemp()
    >>> save(folder, 3, networks.build("fc1"), {})
    >>> [path.name for path in Path(folder).iterdir()]
    ['epoch03.safetensors']
    """
    from safetensors.torch import save as pack

    parts = {f"network/{key}": value for key, value in network.state_dict().items()}
    parts |= {f"momentum/{key}": value for key, value in momenta.items()}
    whole = {key: value.contiguous() for key, value in parts.items()}
    files.write(Path(folder) / f"epoch{epoch:02d}.safetensors", pack(whole))


def restore(folder, network, expected):
    """Put the last whole epoch of a run into a network.

    Parameters
    ----------
    folder : path-like
    network : torch.nn.Module
        Takes the parameters.
    expected : dict
        What the record must say of the run: name, seed, recipe, initial fingerprint.

    Returns
    -------
    record : dict
    momenta : dict of str to torch.Tensor

    Raises
    ------
    ValueError
        If the folder holds another run; as `vslib.files.FileError` if a file is missing or
        damaged.

    Examples
    --------
    >>> import tempfile
    >>> from vslib import mnist, networks
    >>> folder = tempfile.mkdtemp() + "/run"
    >>> few = tuple(part[:32] for part in mnist.load("test"))
    >>> made = networks.train("fc1", folder, epochs=1, data=(few, few))
    >>> restore(folder, networks.build("fc1"), made)[0] == made
    True
    """
    import torch

    found = record(folder)
    for key in ("name", "seed", "recipe", "initial_fingerprint"):
        if found[key] != expected[key]:
            raise ValueError(
                f"{Path(folder) / 'record.json'} is of another run: "
                f"expected {key} {expected[key]!r}, got {found[key]!r}"
            )
    epoch = len(found["history"])
    try:
        network.load_state_dict({k: torch.tensor(v) for k, v in state(folder, epoch).items()})
    except RuntimeError as error:
        path = Path(folder) / f"epoch{epoch:02d}.safetensors"
        raise files.FileError(f"{path} holds another network ({error}); {MEND}") from error
    momenta = {k: torch.tensor(v) for k, v in state(folder, epoch, "momentum").items()}
    return found, momenta
