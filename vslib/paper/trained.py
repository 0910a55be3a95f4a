"""A trained network with all that it answers, and every number that is measured of it."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vslib import layers, mnist, networks
from vslib.paper.authors import authors
from vslib.paper.copies import identical_images, separate_copies
from vslib.paper.exact import exactness
from vslib.paper.figure2 import figure_2
from vslib.paper.figure3 import figure_3
from vslib.paper.measures import figure_1, five_layers
from vslib.paper.residuals import lost, readable, translation
from vslib.synthesis import ideal_outputs, starting_images

__all__ = ["Trained", "from_scratch", "measure", "shipped"]


@dataclass(frozen=True)
class Trained:
    """A trained network, what it was before, and what it answers.

    Attributes
    ----------
    name : {"fc1", "fc5", "resnet18"}
    seed : int
        Of its training, and so of its split.
    network, untrained : torch.nn.Module
    training, test : (60000, 10) and (10000, 10) arrays
        Outputs for all images of the two sets of MNIST.

    Examples
    --------
    >>> trained = shipped("fc1")
    >>> trained.test.shape, float((trained.test.argmax(1) == mnist.load("test")[1]).mean())
    ((10000, 10), 0.92)
    """

    name: str
    seed: int
    network: object
    untrained: object
    training: np.ndarray
    test: np.ndarray


def shipped(name):
    """A network as it ships, and what it answers to all images.

    Examples
    --------
    >>> shipped("fc1").training.shape
    (60000, 10)
    """
    return _trained(name, 0, networks.load(name), networks.load(name, 0))


def from_scratch(name, folder, epochs=20, seed=0, data=None):
    """A network trained by the paper's recipe, going on where `folder` holds a part of it.

    Parameters
    ----------
    name : {"fc1", "fc5", "resnet18"}
    folder : path-like
        Of the checkpoints: they are in ``folder/NAME``, with ``-SEED`` for seeds other than 0.
    epochs, seed, data
        As for `vslib.networks.train`.

    Returns
    -------
    Trained

    Examples
    --------
    >>> import tempfile
    >>> images, labels = mnist.load("train")
    >>> few = images[:64], labels[:64]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     trained = from_scratch("fc1", folder, epochs=1, data=(few, few))
    >>> trained.seed, trained.test.shape
    (0, (10000, 10))
    """
    folder = Path(folder) / (f"{name}-{seed}" if seed else name)
    networks.train(name, folder, epochs, seed, resume=True, data=data)
    states = [networks.checkpoints.state(folder, epoch) for epoch in (epochs, 0)]
    return _trained(name, seed, *(networks.assemble(name, state) for state in states))


def _trained(name, seed, network, untrained):
    outputs = [
        networks.evaluate(layers.fast(network), mnist.load(part)[0]) for part in ("train", "test")
    ]
    return Trained(name, seed, network, untrained, *outputs)


def measure(trained):
    """All numbers of one network, and its syntheses for figure 3.

    Parameters
    ----------
    trained : Trained

    Returns
    -------
    numbers : dict of str to float
    made : vslib.synthesis.Synthesis

    Examples
    --------
    >>> numbers, made = measure(shipped("fc1"))
    >>> round(numbers["fc1_test"], 2), made.images.shape
    (0.92, (3, 10, 28, 28))
    """
    network, untrained = trained.network, trained.untrained
    targets = ideal_outputs(trained.training, lowest="own")
    images, labels = mnist.load("train")
    starts = starting_images(images, labels, trained.training, targets)
    numbers, made = figure_3(trained.name, layers.fast(network), targets, starts)
    numbers |= _answers(trained, targets)
    if trained.name == "fc1":
        W = layers.matrices(network)["layer1"].values
        numbers |= exactness(network) | figure_1(network, untrained) | translation(W) | readable(W)
    elif trained.name == "fc5":
        numbers |= five_layers(network) | lost(network)
    else:
        losses, spread = separate_copies(network, starts["avg"][0], targets[0])
        numbers |= figure_2(network, untrained)
        numbers |= identical_images(network, mnist.load("test")[0][:10])
        numbers |= {"copies_spread": spread[1], "copies_rise": losses[1] / losses[0]}
        numbers["authors_first_loss"] = authors()["resnet18_first_loss"].value
    return {key: float(value) for key, value in numbers.items()}, made


def _answers(trained, targets):
    """What the outputs for all images say: accuracies, and whose image is the nearest."""
    labels, answers = mnist.load("train")[1], trained.training.argmax(1)
    part = mnist.split(trained.seed)[1]
    nearest = [((trained.training - target) ** 2).mean(1).argmin() for target in targets]
    return {
        f"{trained.name}_validation": (answers == labels)[part].mean(),
        f"{trained.name}_test": (trained.test.argmax(1) == mnist.load("test")[1]).mean(),
        f"{trained.name}_all": (answers == labels).mean(),
        f"{trained.name}_nearest_own": float((labels[nearest] == range(10)).sum()),
    }
