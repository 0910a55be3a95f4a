"""What is measured of whole networks: shares lost by depth, spaces of images side by side."""

import itertools

import numpy as np

from vslib import layers, networks
from vslib.whole.local import local
from vslib.whole.overlap import overlap

__all__ = ["against", "fitted", "network", "profile", "sideways"]

UNTRAINED = " untrained"


def network(name, seed=0):
    """fc5 or resnet18, " untrained" behind its name for first weights; taps not met left out.

    Parameters
    ----------
    name : str
    seed : int
        Of the first weights.

    Returns
    -------
    torch.nn.Module

    Examples
    --------
    >>> network("fc5 untrained")[0]
    Flatten(start_dim=1, end_dim=-1)
    """
    base = name.removesuffix(UNTRAINED)
    made = networks.build(base, seed=seed) if name.endswith(UNTRAINED) else networks.load(base)
    made.eval().requires_grad_(False)
    return layers.crop_unseen_taps(made, (28, 28))[0] if base == "resnet18" else made


def against(images, labels, mean, seed=0):
    """What an image is compared with: as many vectors of each kind as there are images.

    Parameters
    ----------
    images : (N, 28, 28) array
    labels : (N,) array
    mean : (28, 28) array
        Of the training images.
    seed : int

    Returns
    -------
    dict
        (N, 784) arrays: "image"; "less the mean"; "other class", the difference to the next image
        with another label; "smooth noise", with the images' own mean spectrum and random phases;
        "noise", independent normal numbers, which show chance.

    Examples
    --------
    >>> from vslib import mnist
    >>> images, labels = mnist.load("test")
    >>> list(against(images[:9], labels[:9], images.mean(axis=0)))
    ['image', 'less the mean', 'other class', 'smooth noise', 'noise']
    """
    random, count = np.random.default_rng(seed), len(images)
    images = np.asarray(images, dtype=float)
    others = [
        next(j % count for j in range(i + 1, i + count) if labels[j % count] != labels[i])
        for i in range(count)
    ]
    noise = random.normal(size=images.shape)
    amplitude = np.sqrt(np.mean(np.abs(np.fft.fft2(images - mean)) ** 2, axis=0))
    smooth = np.fft.ifft2(amplitude * np.fft.fft2(random.normal(size=images.shape))).real
    kinds = {
        "image": images,
        "less the mean": images - mean,
        "other class": images - images[others],
        "smooth noise": smooth,
        "noise": noise,
    }
    return {kind: vectors.reshape(count, -1) for kind, vectors in kinds.items()}


def profile(made, images, vectors):
    """Ranks and shares lost by depth, and the outputs' spaces, at each of some images.

    Parameters
    ----------
    made : torch.nn.Module
    images : (N, 28, 28) array
    vectors : dict of str to (N, 784) arrays
        The i-th is taken apart by the spaces at the i-th image.

    Returns
    -------
    dict
        ``depths``; ``ranks`` (N, depths); ``lost``: by kind, (N, depths), the share of energy in
        the null space of each depth; ``spaces`` (N, 784, 9), without the shift.

    Examples
    --------
    >>> from vslib import mnist
    >>> images = mnist.load("test")[0][:2]
    >>> found = profile(network("fc5"), images, {"image": images.reshape(2, -1)})
    >>> found["depths"][-1], found["ranks"].shape, found["lost"]["image"].shape
    ('layer5', (2, 9), (2, 9))
    """
    ranks, spaces, lost = [], [], {kind: [] for kind in vectors}
    for i, image in enumerate(images):
        found = local(made, image)
        ranks.append(found.ranks)
        spaces.append(found.output_space(shift=False))
        for kind, all_of_them in vectors.items():
            v = all_of_them[i]
            parts = [found.split(depth, v)[1] for depth in found.depths]
            lost[kind].append(np.sum(np.square(parts), axis=1) / (v @ v))
    return {
        "depths": found.depths,
        "ranks": np.array(ranks),
        "lost": {kind: np.array(shares) for kind, shares in lost.items()},
        "spaces": np.array(spaces),
    }


def sideways(spaces, labels, images):
    """How far the outputs' spaces at different images agree, and what they keep of their own.

    Parameters
    ----------
    spaces : (N, n, k) array
        Orthonormal bases.
    labels : (N,) array
    images : (N, n) array

    Returns
    -------
    dict
        Mean and standard deviation of the mean squared cosine "within" a class and "between"
        classes, what "chance" gives; of the share "kept" of the own image; and the number of
        "directions" that hold nine tenths of all spaces together, of "of".

    Examples
    --------
    >>> spaces = np.eye(6).reshape(2, 6, 3)
    >>> sideways(spaces, [0, 1], np.ones((2, 6)))["chance"]
    0.5
    """
    pairs = {"within": [], "between": []}
    for i, j in itertools.combinations(range(len(spaces)), 2):
        same = np.sum((spaces[i].T @ spaces[j]) ** 2) / spaces.shape[2]
        pairs["within" if labels[i] == labels[j] else "between"].append(same)
    kept = [np.sum((space.T @ x) ** 2) / (x @ x) for space, x in zip(spaces, images, strict=True)]
    energies = np.linalg.svd(np.concatenate([*spaces], axis=1), compute_uv=False) ** 2
    directions = int(np.searchsorted(np.cumsum(energies), 0.9 * energies.sum())) + 1
    summary = {
        kind: [float(np.mean(found)), float(np.std(found))]
        for kind, found in pairs.items()
        if found
    }
    return summary | {
        "chance": overlap(spaces[0], spaces[-1]).chance,
        "kept": [float(np.mean(kept)), float(np.std(kept))],
        "directions": directions,
        "of": spaces.shape[0] * spaces.shape[2],
    }


def fitted(images, labels, seed, recipe):
    """An fc5 that is trained on few images until it knows their labels.

    Parameters
    ----------
    images : (N, 28, 28) array
    labels : (N,) array
        True or shuffled.
    seed : int
    recipe : {"Adam", "SGD"}
        Adam with a rate of .001; or gradient descent with .01, momentum .9 and gradients clipped
        at 1. Batches of 50, until .99 of the labels are met, 300 epochs at most.

    Returns
    -------
    network : torch.nn.Module
    facts : dict
        ``epochs`` and ``training``, the share of labels met.

    Examples
    --------
    >>> from vslib import mnist
    >>> images, labels = mnist.load("test")
    >>> fitted(images[:50], labels[:50], 0, "Adam")[1]["training"] > 0.9
    True
    """
    import torch

    made = networks.build("fc5", seed=seed).train()
    x, y = torch.tensor(images), torch.tensor(labels)
    parameters = [*made.parameters()]
    if recipe == "Adam":
        optimizer = torch.optim.Adam(parameters, lr=1e-3)
    else:
        optimizer = torch.optim.SGD(parameters, lr=1e-2, momentum=0.9)
    generator = torch.Generator().manual_seed(seed)
    epoch = 0
    while epoch < 300:
        epoch += 1
        for rows in torch.randperm(len(x), generator=generator).split(50):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(made(x[rows]), y[rows]).backward()
            if recipe == "SGD":
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        met = networks.accuracy(made, images, labels)
        if met >= 0.99:
            break
    return made.eval().requires_grad_(False), {"epochs": epoch, "training": met}
