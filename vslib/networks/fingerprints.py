"""What tells one trained network from another: a digest of its numbers, and their sums."""

from vslib import files

__all__ = ["checksums", "fingerprint"]


def fingerprint(network):
    """Digest of all of a torch module's parameters and buffers.

    Examples
    --------
    >>> from vslib import networks
    >>> first, second = networks.build("fc1", seed=1), networks.build("fc1", seed=1)
    >>> fingerprint(first) == fingerprint(second)
    True
    """
    state = network.state_dict()
    return files.digest(*(state[key].cpu().numpy().tobytes() for key in sorted(state)))


def checksums(network):
    """Sum of each of a torch module's parameters and buffers: a fingerprint but for rounding.

    Examples
    --------
    >>> from vslib import networks
    >>> list(checksums(networks.build("fc1")))
    ['layer1.weight', 'layer1.bias']
    """
    return {key: float(value.double().sum()) for key, value in network.state_dict().items()}
