"""What a network in training mode answers to copies of one image, as the authors' code asks it."""

import numpy as np

from vslib.arrays import real_array
from vslib.inference import asked

__all__ = ["COPIES", "identical_images", "separate_copies"]

COPIES, RATE = 32, 0.0001


def identical_images(network, images):
    """What a network in training mode answers to batches of 32 copies of one image.

    Parameters
    ----------
    network : torch.nn.Module
    images : (N, 28, 28) array
        Two or more different images; a batch is made of each.

    Returns
    -------
    dict of str to float
        How far the outputs vary with the image, and how long the gradient by the pixels is,
        each relative to evaluation mode.

    Raises
    ------
    ValueError
        If there are fewer than two images, which say nothing of how outputs vary.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> found = identical_images(networks.load("resnet18"), mnist.load("test")[0][:2])
    >>> sorted(found), bool(max(found.values()) < 1e-3)
    (['identical_gradient', 'identical_spread'], True)
    """
    import torch

    images = real_array(images, "images", axes=3, dtype=np.float32)
    if len(images) < 2:
        raise ValueError(f"images: expected two or more, got {len(images)}")
    outputs, gradients = {}, {}
    for mode in (True, False):
        found = []
        with asked(network):
            network.train(mode)
            for image in images:
                x = torch.tensor(
                    np.repeat(image[None], COPIES if mode else 1, 0), dtype=torch.float32
                )
                y = network(x.requires_grad_(True))
                (gradient,) = torch.autograd.grad((y**2).mean(1).mean(), x)
                found.append((y[0].detach().numpy(), gradient.sum(0).norm().item()))
        outputs[mode], gradients[mode] = map(np.array, zip(*found, strict=True))
    return {
        "identical_spread": outputs[True].std(0).mean() / outputs[False].std(0).mean(),
        "identical_gradient": gradients[True].mean() / gradients[False].mean(),
    }


def separate_copies(network, image, target, noise=1e-8, steps=6, seed=0):
    """Descent on 32 copies of an image, each with its own pixels, in training mode.

    These are the authors' settings, and the copies start as far apart as `noise` says: by
    rounding errors, in their code.

    Parameters
    ----------
    network : torch.nn.Module
    image : (28, 28) array
    target : (10,) array
    noise : float
        Standard deviation of normal numbers that are added to each pixel of each copy.
    steps, seed : int

    Returns
    -------
    losses : (steps,) array
        Mean squared distance to the target before each step.
    spread : (steps,) array
        Standard deviation of the outputs over the copies, in the mean.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> image = mnist.load("test")[0][0]
    >>> losses, spread = separate_copies(networks.load("resnet18"), image, np.zeros(10), steps=2)
    >>> losses.shape, bool(spread[1] > 1)
    ((2,), True)
    """
    import torch

    image = real_array(image, "image", axes=2, dtype=np.float64)
    apart = np.random.default_rng(seed).normal(size=(COPIES, *image.shape))
    # In double precision: noise of 1e-8 is below the rounding of floats near 1.
    x = torch.tensor(image + noise * apart)
    goal = torch.tensor(real_array(target, "target", axes=1))
    losses, spread = [], []
    with asked(network, double=True):
        network.train()
        for _ in range(steps):
            y = network(x.requires_grad_(True))
            loss = ((y - goal) ** 2).mean()
            (gradient,) = torch.autograd.grad(loss, x)
            losses.append(loss.item())
            spread.append(y.std(0).mean().item())
            x = (x - RATE * gradient).detach()
    return np.array(losses), np.array(spread)
