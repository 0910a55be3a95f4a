"""A network asked about many images: in evaluation mode, in batches, and left as it is."""

import copy

import numpy as np

from vslib.arrays import real_array

__all__ = ["decide", "evaluate", "frozen", "recognise"]


def frozen(network):
    """A copy of a network in evaluation mode, its parameters without gradients.

    A copy, so that not even an interrupt leaves a trace on the network itself.

    Parameters
    ----------
    network : torch.nn.Module

    Returns
    -------
    network : torch.nn.Module
    like : torch.Tensor
        Of the dtype and on the device that its inputs should have.

    Examples
    --------
    >>> import torch
    >>> copied, like = frozen(torch.nn.Linear(2, 2).double())
    >>> copied.training, like.dtype
    (False, torch.float64)
    """
    import torch

    network = copy.deepcopy(network).eval().requires_grad_(False)
    return network, next(network.parameters(), torch.zeros(()))


def evaluate(network, images, batch=250):
    """Outputs of a network in evaluation mode, many images at a time.

    Parameters
    ----------
    network : torch.nn.Module
        A copy is asked; it stays as it is.
    images : (N, ...) array
    batch : int
        Images at a time.

    Returns
    -------
    (N, ...) array

    Raises
    ------
    ValueError
        If an image is not finite and real, or there is none.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    >>> evaluate(network, np.zeros((5, 2, 2))).shape
    (5, 3)
    """
    import torch

    network, like = frozen(network)
    parts = []
    with torch.inference_mode():
        for first in range(0, max(len(images), 1), batch):
            # A batch at a time: it stays in the cache on its way through the checks.
            part = real_array(images[first : first + batch], "images", dtype=np.float32)
            parts.append(network(torch.from_numpy(part).to(like)))
    return torch.cat(parts).cpu().numpy()


def decide(outputs):
    """The class that outputs speak for, and how clearly.

    Parameters
    ----------
    outputs : (..., classes) array

    Returns
    -------
    predicted : (...) int array
        Place of the largest output.
    confidence : (...) array
        Its softmax, in (0, 1].

    Raises
    ------
    ValueError
        If the outputs are not finite and real.

    Examples
    --------
    >>> predicted, confidence = decide([[0.0, 0.0, np.log(2)]])
    >>> predicted, confidence.round(6)
    (array([2]), array([0.5]))
    """
    outputs = real_array(outputs, "outputs")
    powers = np.exp(outputs - outputs.max(-1, keepdims=True))
    return outputs.argmax(-1), 1 / powers.sum(-1)


def recognise(network, images):
    """The class that a network sees in each image, and how sure it is.

    Parameters
    ----------
    network : torch.nn.Module
    images : (..., h, w) array

    Returns
    -------
    predicted : (...) int array
        Place of the largest output.
    confidence : (...) array
        Its softmax, in (0, 1].

    Raises
    ------
    ValueError
        If an image is not finite and real.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> predicted, _ = recognise(networks.load("fc1"), mnist.load("test")[0][:4])
    >>> predicted
    array([7, 2, 1, 0])
    """
    images = real_array(images, "images", dtype=np.float32)
    outputs = evaluate(network, images.reshape(-1, *images.shape[-2:]))
    return decide(outputs.reshape(*images.shape[:-2], -1))
