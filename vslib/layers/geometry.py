"""Where a convolution's kernel stands: strides, padding and dilation along the axes of an image."""

import math

import numpy as np

__all__ = ["flattened", "folded", "paddings", "pair", "starts"]


def pair(name, value, least):
    """An option of a convolution for rows and columns.

    Parameters
    ----------
    name : str
        What the message calls it.
    value : int or pair of int
    least : int
        The smallest that is allowed.

    Raises
    ------
    ValueError
        If it is not one or two integers from `least` on.
    """
    both = (value, value) if isinstance(value, int) else tuple(value)
    if len(both) != 2 or min(both) < least:
        raise ValueError(f"{name}: expected {least} or more, or a pair of such, got {value!r}")
    return both


def paddings(padding, kernel, dilation):
    """Padding before and after the rows, and before and after the columns.

    Parameters
    ----------
    padding : int, pair of int, "same" or "valid"
        As torch's Conv2d understands it.
    kernel, dilation : pair of int

    Raises
    ------
    ValueError
        If a padding is negative.
    """
    if padding == "valid":
        padding = 0
    if padding == "same":
        total = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return tuple((t // 2, t - t // 2) for t in total)
    return tuple((p, p) for p in pair("padding", padding, least=0))


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
    """
    before, after = padding
    return np.arange(-before, size + after - dilation * (kernel - 1), stride)


def folded(image, axis, before, size):
    """A circularly padded image without its padding, whose entries are added to what they repeat.

    Parameters
    ----------
    image : array
    axis : int
    before : int
        Padding before the image, along that axis.
    size : int
        Of the image without padding.
    """
    positions = (np.arange(image.shape[axis]) - before) % size
    result = np.zeros_like(image, shape=(*image.shape[:axis], size, *image.shape[axis + 1 :]))
    np.add.at(result, (slice(None),) * axis + (positions,), image)
    return result


def flattened(x, name, shape):
    """Feature maps of one shape as rows, whether they come as maps or flattened already.

    Parameters
    ----------
    x : (..., C, H, W) or (..., C * H * W) array
    name : str
        What the message calls it.
    shape : (int, int, int)
        C, H and W.

    Returns
    -------
    (N, C * H * W) array

    Raises
    ------
    ValueError
        If x has another shape.
    """
    size = math.prod(shape)
    if x.shape[-3:] != shape and x.shape[-1] != size:
        raise ValueError(
            f"{name}: expected shape (..., {', '.join(map(str, shape))}) or (..., {size}), "
            f"got {x.shape}"
        )
    return x.reshape(-1, size)
