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
        NumPy's integers among them; no booleans.
    least : int
        The smallest that is allowed.

    Returns
    -------
    (int, int)

    Raises
    ------
    ValueError
        If it is not one or two integers from `least` on.

    Examples
    --------
    >>> pair("stride", 2, least=1), pair("stride", (2, 1), least=1)
    ((2, 2), (2, 1))
    """
    both = tuple(value) if isinstance(value, tuple | list | np.ndarray) else (value, value)
    whole = [isinstance(v, int | np.integer) and not isinstance(v, bool) for v in both]
    if len(both) != 2 or not all(whole) or min(both) < least:
        raise ValueError(f"{name}: expected {least} or more, or a pair of such, got {value!r}")
    return int(both[0]), int(both[1])


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

    Examples
    --------
    >>> paddings(1, kernel=(3, 3), dilation=(1, 1))
    ((1, 1), (1, 1))
    >>> paddings("same", kernel=(3, 4), dilation=(1, 1))
    ((1, 1), (1, 2))
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

    Examples
    --------
    >>> starts(7, kernel=3, stride=2, padding=(1, 1), dilation=1)
    array([-1,  1,  3,  5])
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

    Examples
    --------
    >>> folded(np.array([1, 10, 20, 30, 2]), axis=0, before=1, size=3)
    array([12, 20, 31])
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

    Examples
    --------
    >>> flattened(np.zeros((5, 2, 3, 4)), "x", (2, 3, 4)).shape
    (5, 24)
    """
    size = math.prod(shape)
    if x.shape[-3:] != shape and x.shape[-1] != size:
        raise ValueError(
            f"{name}: expected shape (..., {', '.join(map(str, shape))}) or (..., {size}), "
            f"got {x.shape}"
        )
    return x.reshape(-1, size)
