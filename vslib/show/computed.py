"""Controls that compute in the browser: what they are given travels whole, as float32."""

import math

import numpy as np

from vslib.arrays import real_array
from vslib.show import views
from vslib.show.packing import exact, grey, leading, single
from vslib.show.panels import axis_range
from vslib.spaces import Subspaces

__all__ = ["mix", "projection", "rank_k"]


def mix(
    images,
    rejected,
    outputs,
    rejected_outputs,
    controls,
    labels=None,
    title="outputs W (x + t r)",
    signed=None,
    span=(-2, 2),
):
    """Add t times its rejected signal to an input, and the output stays.

    Parameters
    ----------
    images : (*lengths, h, w) array
        Inputs x; `lengths` are those of the controls. This and the next three may also be lists
        over the first control, whose arrays may then differ in h, w and n.
    rejected : (*lengths, h, w) array
        The rejected part r of each input.
    outputs : (*lengths, n) array
        W x.
    rejected_outputs : (*lengths, n) array
        W r: zero, up to rounding.
    controls : dict of str to sequence
        As for `browse`; a slider for t is added.
    labels : sequence of str, optional
        Names of the outputs, where there are as many; the others are numbered from 1.
    title : str
        Shown over the outputs.
    signed : sequence of bool, optional
        Over the first control: whether x is signed. By default it is not, but grey in [0, 1].
    span : (float, float)
        The ends of the slider for t, with 0 between them. Grey pictures are cut to [0, 1]: where
        x and x + r lie in it, (0, 1) keeps the picture to what the outputs are those of.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If the shapes do not fit the controls or each other, an input or output is zero, a grey one
        not in [0, 1], the span is none, or a value beyond the range of float32.

    Examples
    --------
    >>> x, r = [[[1.0, 0.5]], [[0.5, 0.5]]], [[[0.0, 1.0]], [[1.0, -1.0]]]
    >>> control = mix(x, r, [[1], [2]], [[0], [0]], {"image": range(2)})
    >>> [slider.description for slider in control.children[:-1]]
    ['image', 't, rejected added']
    """
    sliders, lengths = views.sliders(controls)
    first, *rest = lengths.values()
    given = {
        "images": images,
        "rejected": rejected,
        "outputs": outputs,
        "rejected_outputs": rejected_outputs,
        "signed": [False] * first if signed is None else signed,
    }
    for name, values in given.items():
        count = len(values) if np.iterable(values) else 0
        if count != first:
            raise ValueError(f"{name}: expected {first} along the first axis, got {count}")
    blocks = []
    for x, r, y, wr, flag in zip(*given.values(), strict=True):
        x, r = _pair(("images", x), ("rejected", r), rest, 2)
        y, wr = _pair(("outputs", y), ("rejected_outputs", wr), rest, 1)
        if not flag:
            grey(x, len(rest), "images")
        named = labels is not None and len(labels) == y.shape[-1]
        block = {"images": x, "rejected": r, "outputs": y, "rejected_outputs": wr}
        blocks.append(
            {name: exact(values, len(rest), name) for name, values in block.items()}
            | {
                "signed": bool(flag),
                "scale": float(abs(np.stack([x, r])).max()),
                "rejected_scale": float(abs(r).max()),
                "range": axis_range(y, zero=True),
                "labels": [str(label) for label in labels] if named else None,
            }
        )
    low, high = span
    if not low <= 0 <= high or low == high:
        raise ValueError(f"span: expected two ends with 0 between them, got {span}")
    t = views.knob("t, rejected added", 0, low, high, 0.1)
    return views.box("mix", {"blocks": blocks, "title": title}, [*sliders.values(), t])


def _pair(one, other, lengths, axes):
    """Two arrays of one shape, named; no frame of the first is zero."""
    (name, values), (other_name, others) = one, other
    values = leading(values, name, lengths, axes)
    others = leading(others, other_name, lengths, axes)
    if others.shape != values.shape:
        raise ValueError(f"{other_name}: expected shape {values.shape}, got {others.shape}")
    return _nonzero(values, name, axes), others


def _nonzero(values, name, axes):
    """The values, if no frame of them is zero, nor would be on the page, in float32."""
    if not single(values, name)[0].any(axis=tuple(range(-axes, 0))).all():
        raise ValueError(f"{name}: expected no zero vector, got one")
    return values


def projection(images, weights, image_names, neuron_names):
    """An image projected onto the weights of a neuron, and the residual: equation (3).

    Parameters
    ----------
    images : (N, h, w) array
        Values in [0, 1].
    weights : (M, h, w) or (M, h w) array
        A weight vector for each neuron.
    image_names, neuron_names : sequences of N and M
        The options of the two sliders.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If the shapes do not fit, an image is not in [0, 1], an image or a weight vector is zero,
        or a weight beyond the range of float32.

    Examples
    --------
    >>> control = projection(np.ones((2, 2, 2)), np.eye(4)[:2], ["a", "b"], range(2))
    >>> [slider.description for slider in control.children[:-1]]
    ['image', 'neuron']
    """
    sliders, lengths = views.sliders({"image": image_names, "neuron": neuron_names})
    images = leading(images, "images", [lengths["image"]], 2)
    grey(images, 1, "images")
    weights = real_array(weights, "weights")
    expected = (lengths["neuron"], *images.shape[1:])
    if weights.shape not in (expected, (expected[0], images[0].size)):
        raise ValueError(f"weights: expected shape {expected}, got {weights.shape}")
    weights = weights.reshape(len(weights), -1)
    spec = {
        "images": exact(_nonzero(images, "images", 2), 1, "images"),
        "weights": exact(_nonzero(weights, "weights", 1), 1, "weights"),
    }
    return views.box("projection", spec, [*sliders.values()])


def rank_k(W, accuracy, image_shape=(28, 28)):
    """The weights as a sum of rank-one layers: W_k = sum of s_j u_j v_j^T over j <= k.

    Parameters
    ----------
    W : (m, n) array
        Its rows are drawn as images.
    accuracy : (r,) array
        Of the network with W_k in place of W, for k = 1 to the rank r: fractions in [0, 1].
    image_shape : (int, int)
        h and w, with h w = n.

    Returns
    -------
    ipywidgets.VBox

    Raises
    ------
    ValueError
        If W is no matrix or beyond the range of float32, the accuracies are not r or not in
        [0, 1], or `image_shape` does not hold n.

    Examples
    --------
    >>> control = rank_k(np.eye(2, 4), [0.5, 1.0], image_shape=(2, 2))
    >>> control.children[0].description, control.children[0].max
    ('rank k', 2)
    """
    S = Subspaces(W)
    single(real_array(W, "W"), "W")
    accuracy = real_array(accuracy, "accuracy", axes=1, length=S.rank)
    grey(accuracy, 0, "accuracy")
    shape = [int(length) for length in image_shape]
    if len(shape) != 2 or math.prod(shape) != S.shape[1] or min(shape) < 1:
        raise ValueError(f"image_shape: expected h w = {S.shape[1]}, got {tuple(image_shape)}")
    spec = {
        "left": exact(S.signal_out, 1),
        "right": exact(S.signal.T, 1),
        "singular_values": S.singular_values.tolist(),
        "accuracy": accuracy.tolist(),
        "range": axis_range(accuracy, zero=False),
        "shape": shape,
    }
    sliders = [
        views.choices("rank k", range(1, S.rank + 1)),
        views.choices("neuron", range(S.shape[0])),
    ]
    return views.box("rank_k", spec, sliders)
