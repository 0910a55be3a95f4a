"""What may stand where an array is expected, said once."""

import numpy as np

__all__ = ["real_array"]


def real_array(value, name, axes=None, length=None):
    """`value` as a float64 array of finite numbers, or an error that says what came instead.

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

    Raises
    ------
    ValueError
        For complex or non-numeric entries, NaN or infinity, an empty array, a wrong number of
        axes or a wrong length.
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.numpy() if value.is_complex() else value.double().numpy()
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name}: expected an array of real numbers, got {error}") from error
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
    array = array.astype(np.float64)
    bad = array.size - np.count_nonzero(np.isfinite(array))
    if bad:
        raise ValueError(
            f"{name}: expected finite numbers, got {bad} NaN or infinite of {array.size}"
        )
    return array
