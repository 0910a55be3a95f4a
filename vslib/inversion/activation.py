"""An activation that has an inverse, with the range in which it has one."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array

__all__ = ["Activation"]


@dataclass(frozen=True)
class Activation:
    """An increasing function of one number, applied to every entry, with its inverse.

    Attributes
    ----------
    name : str
        As torch calls it.
    range : (float, float)
        The open interval of its values; an end may be infinite.
    forward, derivative : functions of an array
        To arrays of its shape.
    formula : function of an array
        The inverse, for values inside `range` alone.
    saturated : tuple of float
        What floats shorter than float64 give for -inf, where rounding puts that inside `range`.

    Examples
    --------
    >>> from vslib.inversion.activations import selu
    >>> selu().range[1], selu().name
    (inf, 'SELU')
    >>> selu().inverse(selu().forward(np.array([-1.0, 2.0]))).round(12)
    array([-1.,  2.])
    """

    name: str
    range: tuple[float, float]
    forward: Callable
    derivative: Callable
    formula: Callable
    saturated: tuple[float, ...] = ()

    def outside(self, values):
        """Which values no finite input gives: beyond the range or at its very end.

        Parameters
        ----------
        values : (...) array

        Returns
        -------
        (...) boolean array
            True also for a value at which shorter floats saturate: any very negative input gave
            it there.

        Raises
        ------
        ValueError
            If a value is not finite and real.
        """
        values = real_array(values, "values")
        low, high = self.range
        found = np.isfinite(self.unchecked(values))
        inside = (values > low) & (values < high) & ~np.isin(values, self.saturated)
        return ~(found & inside)

    def inverse(self, values):
        """The input that gives each value, accurate near both ends of the range.

        Parameters
        ----------
        values : (...) array

        Returns
        -------
        (...) array

        Raises
        ------
        ValueError
            If a value is not finite and real, or `outside`; the message says how many.
        """
        values = real_array(values, "values")
        outside = self.outside(values)
        if outside.any():
            raise ValueError(
                f"{self.name}: expected values in {_interval(self.range)}, got "
                f"{np.count_nonzero(outside)} of {values.size} outside it or at its end, "
                f"the worst {self.worst(values):.10g}"
            )
        return self.unchecked(values)

    def unchecked(self, values):
        """`inverse` where it has one; elsewhere any number, infinity or NaN."""
        with np.errstate(all="ignore"):
            return self.formula(values)

    def worst(self, values):
        """Of the values that are `outside`, the one farthest beyond the range."""
        low, high = self.range
        values = values[self.outside(values)]
        return float(values[np.maximum(low - values, values - high).argmax()])


def _interval(ends):
    low, high = ends
    return f"({low:.10g}, {high:.10g})"
