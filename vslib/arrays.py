"""What may stand where an array is expected, said once."""

import numpy as np

__all__ = ["class_labels", "labelled", "precision", "real_array", "resolution"]

FINE = 2.0**-52
# In this order: a longer name first, then those that it holds. Scales of quantised are float32.
PRECISIONS = {"float64": FINE, "float128": FINE, "longdouble": FINE} | dict.fromkeys(
    ("float", "torch.q"), 2.0**-23
)
RESOLUTIONS = {"e5m2": 2.0**-2, "e4m3": 2.0**-3, "bfloat16": 2.0**-7, "float16": 2.0**-10}


def real_array(value, name, axes=None, length=None, dtype=np.float64, copy=True):
    """`value` as an array of finite floats, or an error that says what came instead.

    Booleans and integers are taken as the real numbers that they are, lists as arrays, torch
    tensors detached and moved to the CPU (torch itself is not imported), quantised ones as the
    numbers that they stand for.

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
    copy : bool, optional
        Whether an array of that dtype is copied, as by default, or returned itself.

    Raises
    ------
    ValueError
        For complex or non-numeric entries, NaN or infinity, masked entries, integers that float64
        cannot hold, a tensor without numbers or not dense, an empty array, a wrong number of axes
        or a wrong length.

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
        array = np.asarray(_numpy(value))
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
        words = (str(error).splitlines() or [""])[0][:200]
        got = f"a {type(value).__name__} that is none ({words})"
        raise ValueError(f"{name}: expected an array of real numbers, got {got}") from error
    if np.ma.is_masked(value):
        masked = np.ma.count_masked(value)
        raise ValueError(f"{name}: expected numbers, got {masked} masked entries of {array.size}")
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
    given = array
    with np.errstate(over="ignore"):
        array = given.astype(dtype, copy=copy)
    if given.dtype.kind in "ui" and given.dtype.itemsize == 8 and dtype == np.float64:
        _held(given, array, name)
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(
            f"{name}: expected finite numbers, got {bad} NaN or infinite of {array.size}"
        )
    return array


def _numpy(value):
    """Torch tensors, also within lists, as what NumPy takes."""
    if isinstance(value, list | tuple) and any(hasattr(part, "detach") for part in value):
        return [_numpy(part) for part in value]
    if not hasattr(value, "detach"):
        return value
    value = value.detach()
    if getattr(value, "is_meta", False):
        raise ValueError("it is on the device meta, where tensors hold no numbers")
    if getattr(value, "is_nested", False):
        raise ValueError("it is nested; give its to_padded_tensor(0), or its parts")
    if not (layout := str(getattr(value, "layout", "strided"))).endswith("strided"):
        raise ValueError(f"it is not dense but of layout {layout}; give its to_dense()")
    value = value.cpu()
    if value.is_quantized:
        value = value.dequantize()
    value = value.double() if value.is_floating_point() else value
    return value.resolve_conj().resolve_neg().numpy()


def _held(given, array, name):
    """An error where float64 rounds an integer."""
    large = np.abs(array) >= 2**53
    pairs = zip(given[large].tolist(), array[large].tolist(), strict=True)
    rounded = next((integer for integer, taken in pairs if integer != int(taken)), None)
    if rounded is not None:
        raise ValueError(
            f"{name}: expected integers that float64 holds, as all up to 2^53, got {rounded}"
        )


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
        1.2e-7 for float32, for shorter floats and for quantised tensors, 2.2e-16 for all else:
        float64, integers, lists of Python's numbers; of a list the coarsest of what is in it.

    Examples
    --------
    >>> import numpy as np
    >>> precision(np.ones(3, np.float32)) == precision(np.ones(3, np.float16)) == 2**-23
    True
    >>> precision([1.0, 2.0]) == 2**-52
    True
    """
    own = getattr(value, "precision", None)
    return own if isinstance(own, float) else _coarsest(value, PRECISIONS)


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
    return _coarsest(value, RESOLUTIONS | PRECISIONS)


def _coarsest(value, table):
    """The eps of the first kind in a table that `value` is of; of a list, of any of its parts."""
    if isinstance(value, list | tuple):
        parts = (_coarsest(part, table) for part in value if not isinstance(part, int | float))
        return max(parts, default=FINE)
    dtype = value.dtype if hasattr(value, "dtype") else np.asarray(value).dtype
    words = str(getattr(dtype, "name", dtype)).lower()
    return next((eps for kind, eps in table.items() if kind in words), FINE)


def labelled(images, labels, classes=10):
    """Images and their labels as arrays, or an error that says what came instead.

    Parameters
    ----------
    images : (N, ...) array-like
    labels : (N,) array-like of integers
        From 0 to `classes` less 1.
    classes : int

    Returns
    -------
    images : (N, ...) float32 array
        Those that were given, where they were such an array.
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
    # A second copy of MNIST's 60,000 would be 188 MB.
    images = real_array(images, "images", dtype=np.float32, copy=False)
    return images, class_labels(labels, len(images), classes)


def class_labels(labels, count, classes=None):
    """The labels of so many images as integers, or an error that says what came instead.

    Parameters
    ----------
    labels : (count,) array-like of integers
        From 0 to `classes` less 1, or any from 0 on.
    count : int
    classes : int, optional

    Returns
    -------
    (count,) int64 array

    Raises
    ------
    ValueError
        If not every image has one such label.

    Examples
    --------
    >>> class_labels([4.0, 9.0], 2)
    array([4, 9])
    """
    labels = real_array(labels, "labels", axes=1)
    if len(labels) != count:
        raise ValueError(f"labels: expected {count}, one for each image, got shape {labels.shape}")
    strange = labels[(labels < 0) | (labels % 1 != 0) | (labels >= (classes or np.inf))]
    if strange.size:
        expected = f"digits from 0 to {classes - 1}" if classes else "integers from 0 on"
        raise ValueError(f"labels: expected {expected}, got {strange[0]:g}")
    return labels.astype(np.int64)
