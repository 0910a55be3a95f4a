"""A network asked about many images: in evaluation mode, in batches, and left as it is."""

import numpy as np

from vslib.arrays import real_array
from vslib.inference import NetworkInputError, NetworkOutputError, asked

__all__ = ["checked", "decide", "evaluate", "image_axes", "recognise"]


def evaluate(network, images, batch=250, take=None):
    """Outputs of a network in evaluation mode, many images at a time.

    Parameters
    ----------
    network : torch.nn.Module
        Of any floating dtype, on any device; it stays as it is.
    images : (N, ...) array
        As the network takes them; where it wants a channel, (N, h, w) gets one.
    batch : int
        Images at a time.
    take : str, int or callable, optional
        The part of its outputs that is meant, where it gives a dict, a tuple or an object.

    Returns
    -------
    (N, ...) array
        float64 of a float64 network, float32 of others: exactly what the network gave.

    Raises
    ------
    ValueError
        If an image is not finite and real, or there is none; as
        `vslib.inference.NetworkInputError` if the network does not take images of that shape;
        as `vslib.inference.NetworkOutputError` if it gives no tensor, NaN or infinity.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3))
    >>> evaluate(network, np.zeros((5, 2, 2))).shape
    (5, 3)
    """
    import torch

    images, parts = checked(images), []
    with asked(network, tuple(images.shape[1:]), take) as ask, torch.inference_mode():
        dtype = np.float32 if ask.dtype == torch.float32 else np.float64
        for first in range(0, len(images), batch):
            found = ask(ask.tensor(images[first : first + batch].astype(dtype)))
            if found.is_complex():
                raise NetworkOutputError(f"outputs: expected real numbers, got {found.dtype}")
            parts.append(found if found.dtype == torch.float64 else found.float())
        outputs = torch.cat(parts).cpu().numpy()
    return _finite(outputs)


def checked(images):
    """Images as a finite array of floats, not copied where they are one.

    Raises
    ------
    ValueError
        If they are not finite and real, or there is none.

    Examples
    --------
    >>> checked([[1, 2]])
    array([[1., 2.]])
    """
    floats = isinstance(images, np.ndarray) and images.dtype in ("float32", "float64")
    whole = floats and images.size and images.ndim and not np.ma.is_masked(images)
    if whole and np.isfinite(images).all():
        return images
    return real_array(images, "images")


def _finite(outputs):
    bad = ~np.isfinite(outputs).reshape(len(outputs), -1).all(1)
    if bad.any():
        raise NetworkOutputError(
            f"outputs: expected finite numbers, got NaN or infinity for {bad.sum()} of {len(bad)} "
            f"images, the first of them number {bad.argmax()}"
        )
    return outputs


def image_axes(network, shape, take=None):
    """How many of the last axes of an array of images are one image of a network.

    Parameters
    ----------
    network : torch.nn.Module
    shape : tuple of int
        Of the array: (..., h, w) or (..., C, h, w), with at least one axis before an image.
    take : str, int or callable, optional
        As for `evaluate`.

    Returns
    -------
    int
        3 where there are so many axes and the network takes (C, h, w); else 2.

    Examples
    --------
    >>> import torch
    >>> colour = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.Flatten())
    >>> image_axes(colour, (10, 3, 5, 5)), image_axes(torch.nn.Flatten(), (10, 5, 5))
    (3, 2)
    """
    if len(shape) < 4:
        return 2
    try:
        with asked(network, shape[-3:], take):
            return 3
    except NetworkInputError:
        return 2


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


def recognise(network, images, take=None):
    """The class that a network sees in each image, and how sure it is: `decide` of its outputs.

    Parameters
    ----------
    network : torch.nn.Module
    images : (..., h, w) or (..., C, h, w) array
        Three axes are one image where the network takes them so (`image_axes`).
    take : str, int or callable, optional
        As for `evaluate`.

    Returns
    -------
    predicted, confidence : (...) arrays
        As of `decide`.

    Raises
    ------
    ValueError
        As `evaluate` does.

    Examples
    --------
    >>> from vslib import mnist, networks
    >>> predicted, _ = recognise(networks.load("fc1"), mnist.load("test")[0][:4])
    >>> predicted
    array([7, 2, 1, 0])
    """
    images = real_array(images, "images")
    axes = image_axes(network, images.shape, take)
    lead, one = images.shape[:-axes], images.shape[-axes:]
    outputs = evaluate(network, images.reshape(-1, *one), take=take)
    return decide(outputs.reshape(*lead, *outputs.shape[1:]))
