"""What may stand where an array is expected, said once."""

import numpy as np

__all__ = ["labelled", "precision", "real_array", "resolution"]


def real_array(value, name, axes=None, length=None, dtype=np.float64):
    """`value` as an array of finite floats, or an error that says what came instead.

    Booleans and integers are taken as the real numbers that they are, lists as arrays, torch
    tensors detached and moved to the CPU (torch itself is not imported).

    Parameters
    ----------
    value : array-like
    name : str
        What the message calls it.
    axes : int, optional
        Number of axes that it must have; any number but none by default.
    length : int, optional
        Length that its last axis must have.
    dtype : floating dtype, optional
        Of what is returned.

    Raises
    ------
    ValueError
        For complex or non-numeric entries, NaN or infinity, an empty array, a wrong number of
        axes or a wrong length.

    Examples
    --------
    >>> real_array([[1, 2], [3, 4]], "W", axes=2)
    array([[1., 2.],
           [3., 4.]])
    >>> real_array([1.0, float("nan")], "x")
    Traceback (most recent call last):
    ValueError: x: expected finite numbers, got 1 NaN or infinite of 2
    """
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu().resolve_conj()
            value = value.numpy() if value.is_complex() else value.double().numpy()
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        got = f"a {type(value).__name__} that is none ({error})"
        raise ValueError(f"{name}: expected an array of real numbers, got {got}") from error
    if array.dtype.kind not in "buif":
        raise ValueError(f"{name}: expected real numbers, got dtype {array.dtype}")
    expected = "at least 1 axis" if axes is None else f"{axes} {'axis' if axes == 1 else 'axes'}"
    if array.ndim == 0 or axes not in (None, array.ndim):
        raise ValueError(f"{name}: expected {expected}, got shape {array.shape}")
    if length is not None and array.shape[-1] != length:
        raise ValueError(
            f"{name}: expected length {length} along the last axis, got shape {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{name}: expected at least one entry, got shape {array.shape}")
    with np.errstate(over="ignore"):
        array = array.astype(dtype)
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(
            f"{name}: expected finite numbers, got {bad} NaN or infinite of {array.size}"
        )
    return array


def precision(value):
    """The eps of the precision in which numbers came: what rank is judged by.

    Singular values up to ``max(m, n) * eps * s1`` count as zero: what rounding the entries of an
    (m, n) matrix to that precision can do to them. This is the one rule of vslib; `rtol`
    overrides ``max(m, n) * eps`` wherever a rank is judged.

    Parameters
    ----------
    value : array-like
        What was given, before it was taken as float64. Something that was computed in float64
        from shorter floats may say so by an attribute `precision`, as `vslib.layers.LayerMatrix`
        does.

    Returns
    -------
    float
        1.2e-7 for float32 and for shorter floats, 2.2e-16 for all else: float64, integers, lists.

    Examples
    --------
    >>> import numpy as np
    >>> precision(np.ones(3, np.float32)) == precision(np.ones(3, np.float16)) == 2**-23
    True
    >>> precision([1.0, 2.0]) == 2**-52
    True
    """
    own = getattr(value, "precision", None)
    if isinstance(own, float):
        return own
    words = str(getattr(value, "dtype", "float64"))
    short = "float" in words and "float64" not in words and "longdouble" not in words
    short = short and "float128" not in words
    return float(np.finfo(np.float32 if short else np.float64).eps)


def resolution(value):
    """The eps of the floats in which numbers came: how finely they are rounded.

    Unlike `precision`, by which a rank is judged, it tells floats shorter than float32 apart.

    Parameters
    ----------
    value : array-like

    Returns
    -------
    float
        2.2e-16 for all that is no short float: float64, integers, lists.

    Examples
    --------
    >>> import numpy as np
    >>> resolution(np.ones(3, np.float16)), resolution([1.0, 2.0]) == 2**-52
    (0.0009765625, True)
    """
    words = str(getattr(value, "dtype", "float64"))
    short = {"e5m2": 2**-2, "e4m3": 2**-3, "bfloat16": 2**-7, "float16": 2**-10}
    return next((eps for word, eps in short.items() if word in words), precision(value))


def labelled(images, labels, classes=10):
    """Images and their labels as arrays, or an error that says what came instead.

    Parameters
    ----------
    images : (N, ...) array-like
    labels : (N,) array-like of integers
        From 0 to `classes` less 1.
    classes : int, optional
        None for any integers from 0 on.

    Returns
    -------
    images : (N, ...) float32 array
    labels : (N,) int64 array

    Raises
    ------
    ValueError
        If an image is not finite and real, or not every image has one such label.

    Examples
    --------
    >>> import numpy as np
    >>> images, labels = labelled(np.zeros((2, 3, 3)), [4, 9])
    >>> images.dtype, labels
    (dtype('float32'), array([4, 9]))
    """
    images = real_array(images, "images", dtype=np.float32)
    labels = real_array(labels, "labels", axes=1)
    if len(labels) != len(images):
        raise ValueError(
            f"labels: expected {len(images)}, one for each image, got shape {labels.shape}"
        )
    strange = labels[(labels < 0) | (labels % 1 != 0) | (labels >= (classes or np.inf))]
    if strange.size:
        expected = f"digits from 0 to {classes - 1}" if classes else "integers from 0 on"
        raise ValueError(f"labels: expected {expected}, got {strange[0]:g}")
    return images, labels.astype(np.int64)
