"""Ideal outputs, and the training images whose outputs come near them: the paper's starts."""

import numpy as np

from vslib import mnist
from vslib.arrays import labelled, real_array

__all__ = ["StartingImages", "ideal_outputs", "starting_images"]


def ideal_outputs(outputs, lowest="each"):
    """The output that would be ideal for each class: the most of its own, the least of others.

    The paper takes "the max value over the first output and the minimum value over the rest of
    them", which can be read in two ways.

    Parameters
    ----------
    outputs : (N, classes) array
        Of the training images.
    lowest : {"each", "own"}
        What entry j of class c holds, j not c: the least that output j was for any image, or,
        as in the authors' code, the least that output c was, the same number for all j.

    Returns
    -------
    (classes, classes) array
        A row for each class.

    Raises
    ------
    ValueError
        If the outputs are not finite and real, or `lowest` is another word.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.4.

    Examples
    --------
    >>> ideal_outputs([[3.0, 0.0], [1.0, 2.0]])
    array([[3., 0.],
           [1., 2.]])
    """
    outputs = real_array(outputs, "outputs", axes=2)
    if lowest not in ("each", "own"):
        raise ValueError(f"lowest: expected 'each' or 'own', got {lowest!r}")
    least, most = outputs.min(0), outputs.max(0)
    return np.where(np.eye(len(most)), most, least if lowest == "each" else least[:, None])


class StartingImages(dict):
    """ "avg", "min" and "avg-min": (10, h, w) images each, and what they were chosen by.

    Attributes
    ----------
    distances : (N,) array
        Mean squared distance of each training image's output to the target of its class.
    positions : (10,) int array
        Where in the training set the images "min" are.

    Examples
    --------
    >>> images, labels = mnist.load("test")
    >>> outputs = np.eye(10)[labels]
    >>> starts = starting_images(images, labels, outputs, np.eye(10))
    >>> list(starts), starts.distances.max()
    (['avg', 'min', 'avg-min'], np.float64(0.0))
    """

    def __init__(self, images, distances, positions):
        super().__init__(images)
        self.distances, self.positions = distances, positions


def starting_images(images, labels, outputs, targets):
    """The three images that the paper starts from, for each digit.

    Parameters
    ----------
    images : (N, h, w) array
        The training set.
    labels : (N,) array of the digits 0 to 9
    outputs : (N, m) array
        Of a network, for each image.
    targets : (10, m) array
        The ideal output of each digit.

    Returns
    -------
    StartingImages
        "avg", the mean of a digit's images; "min", the one whose output has the least mean
        squared distance to the target, the first where some are equal; "avg-min", the mean of
        those within the lowest 25th percentile of distances.

    Raises
    ------
    ValueError
        If an array is not finite and real, their shapes do not fit, or a digit has no image.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.4.

    Examples
    --------
    >>> images, labels = mnist.load("test")
    >>> outputs = images.reshape(-1, 784)[:, ::78][:, :10]
    >>> starts = starting_images(images, labels, outputs, np.zeros((10, 10)))
    >>> starts["min"].shape, labels[starts.positions]
    ((10, 28, 28), array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]))
    """
    images, labels = labelled(images, labels)
    targets = real_array(targets, "targets", axes=2)
    outputs = real_array(outputs, "outputs", axes=2, length=targets.shape[1])
    if images.ndim != 3 or len(targets) != 10 or len(outputs) != len(images):
        raise ValueError(
            "images, outputs, targets: expected shapes (N, h, w), (N, m), (10, m), "
            f"got {images.shape}, {outputs.shape}, {targets.shape}"
        )
    averages = mnist.class_averages(images, labels)
    distances = ((outputs - targets[labels]) ** 2).mean(1)
    of_class = [np.flatnonzero(labels == digit) for digit in range(10)]
    near = [at[distances[at] <= np.percentile(distances[at], 25)] for at in of_class]
    positions = np.array([at[distances[at].argmin()] for at in of_class])
    starts = {
        "avg": averages,
        "min": images[positions].astype(np.float64),
        "avg-min": np.stack([images[at].mean(0, dtype=np.float64) for at in near]),
    }
    return StartingImages(starts, distances, positions)
