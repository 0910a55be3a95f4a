"""Where a convolution's kernel stands: strides, padding and dilation along the axes of an image."""

import math

import numpy as np

__all__ = ["flattened", "folded", "paddings", "pair", "sources", "starts"]


def pair(name, value, least, axes=2):
    """An option of a convolution for each of its axes.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : int or sequence of int
        NumPy's integers among them; no booleans.
    least : int
        The smallest that is allowed.
    axes : int
        How many there are to be; 2 for rows and columns.

    Returns
    -------
    tuple of int

    Raises
    ------
    ValueError
        If it is not one integer, or as many as axes, from `least` on.

    Examples
    --------
    >>> pair("stride", 2, least=1), pair("stride", (2, 1), least=1)
    ((2, 2), (2, 1))
    """
    each = tuple(value) if isinstance(value, tuple | list | np.ndarray) else (value,) * axes
    whole = [isinstance(v, int | np.integer) and not isinstance(v, bool) for v in each]
    if len(each) != axes or not all(whole) or min(each) < least:
        several = "a pair" if axes == 2 else f"{axes}"
        raise ValueError(f"{name}: expected {least} or more, or {several} of such, got {value!r}")
    return tuple(int(v) for v in each)


def paddings(padding, kernel, dilation, stride=None):
    """Padding before and after an image, along each axis.

    Parameters
    ----------
    padding : int, sequence of int, "same" or "valid"
        As torch's convolutions understand it.
    kernel, dilation : sequence of int
    stride : sequence of int, optional
        1 along every axis by default.

    Raises
    ------
    ValueError
        If a padding is negative, or "same" stands with a stride, which torch refuses too.

    Examples
    --------
    >>> paddings(1, kernel=(3, 3), dilation=(1, 1))
    ((1, 1), (1, 1))
    >>> paddings("same", kernel=(3, 4), dilation=(1, 1))
    ((1, 1), (1, 2))
    """
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"padding: expected numbers, 'same' or 'valid', got {padding!r}")
    if isinstance(padding, str) and padding == "same":
        if stride is not None and max(stride) > 1:
            raise ValueError(f"padding: expected numbers with a stride, got 'same' with {stride}")
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    padding = 0 if isinstance(padding, str) else padding
    return tuple((p, p) for p in pair("padding", padding, least=0, axes=len(kernel)))


def starts(size, kernel, stride, padding, dilation):
    """Positions in an image, along one axis, at which the kernel's first tap stands.

    Parameters
    ----------
    size, kernel, stride, dilation : int
        Of that axis.
    padding : (int, int)
        Before and after the image.

    Returns
    -------
    (size of the output,) array
        Negative within the padding; empty where the kernel has no room.

    Examples
    --------
    >>> starts(7, kernel=3, stride=2, padding=(1, 1), dilation=1)
    array([-1,  1,  3,  5])
    """
    before, after = padding
    return np.arange(-before, size + after - dilation * (kernel - 1), stride)


def sources(size, padding, mode):
    """Which entry of an image each entry of the padded image repeats, along one axis.

    Parameters
    ----------
    size : int
        Of the image.
    padding : (int, int)
        Before and after it.
    mode : {"zeros", "circular", "reflect", "replicate"}
        As torch understands it.

    Returns
    -------
    (size + padding,) array
        -1 where the padding is zero.

    Raises
    ------
    ValueError
        If the image is too small to be reflected or wrapped so far.

    Examples
    --------
    >>> sources(3, (2, 1), "reflect"), sources(3, (2, 1), "zeros")
    (array([2, 1, 0, 1, 2, 1]), array([-1, -1,  0,  1,  2, -1]))
    """
    before, after = padding
    places = np.arange(-before, size + after)
    most = {"circular": size, "reflect": size - 1}.get(mode)
    if most is not None and max(padding) > most:
        raise ValueError(
            f"padding: expected at most {most} for padding mode {mode!r} and an axis of length "
            f"{size}, got {padding}"
        )
    if mode == "circular":
        return places % size
    if mode == "reflect":
        return np.abs((size - 1) - np.abs((size - 1) - places)) if size > 1 else 0 * places
    if mode == "replicate":
        return np.clip(places, 0, size - 1)
    return np.where((places >= 0) & (places < size), places, -1)


def folded(image, axis, positions, size):
    """A padded image without its padding, whose entries are added to those that they repeat.

    Parameters
    ----------
    image : array
    axis : int
    positions : array of int
        From `sources`.
    size : int
        Of the image without padding.

    Examples
    --------
    >>> folded(np.array([1, 10, 20, 30, 2]), 0, sources(3, (1, 1), "circular"), size=3)
    array([12, 20, 31])
    """
    shape = (*image.shape[:axis], size, *image.shape[axis + 1 :])
    result = np.zeros(shape, image.dtype)
    own = positions >= 0
    lead = (slice(None),) * axis
    np.add.at(result, (*lead, positions[own]), image[(*lead, own)])
    return result


def flattened(x, name, shape):
    """Feature maps of one shape as rows, whether they come as maps or flattened already.

    Parameters
    ----------
    x : (..., C, H, W) or (..., C * H * W) array, or with one or three axes for H and W
    name : str
        What the message calls it.
    shape : tuple of int
        C, H and W, or C and the sizes of one or three axes.

    Returns
    -------
    (N, C * H * W) array

    Raises
    ------
    ValueError
        If x has another shape.

    Examples
    --------
    >>> flattened(np.zeros((5, 2, 3, 4)), "x", (2, 3, 4)).shape
    (5, 24)
    """
    size = math.prod(shape)
    if x.shape[-len(shape) :] != shape and x.shape[-1] != size:
        raise ValueError(
            f"{name}: expected shape (..., {', '.join(map(str, shape))}) or (..., {size}), "
            f"got {x.shape}"
        )
    return x.reshape(-1, size)
