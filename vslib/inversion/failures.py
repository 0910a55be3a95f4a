"""Why an output got no preimage: the layer, the count and the worst value."""

import numpy as np

__all__ = ["InversionError", "NotConvergedError", "OutOfRangeError", "UnreachableError"]


class InversionError(ValueError):
    """Outputs that got no preimage, and why: the base of what `vslib.inversion` raises.

    Attributes
    ----------
    layer : str
        Where the way back ended, by its name in the network; "" for the network as a whole.
    which : (count,) int array
        The outputs that ended there, counted through the axes of the batch.
    count : int
    values : (count, w) array
        What was to be taken back through that layer.
    worst : float
        As the subclass says.
    inversion : vslib.inversion.Inversion
        How far all outputs got, as with ``partial=True``.
    """

    def __init__(self, message, layer, which, values, worst):
        super().__init__(message)
        self.layer, self.which, self.values, self.worst = layer, which, values, float(worst)
        self.count = len(which)


class OutOfRangeError(InversionError):
    """Values outside the range of an activation or at its end; `worst` is the farthest out.

    Attributes
    ----------
    range : (float, float)
        The open interval that has an inverse.
    entries : int
        How many of `values` are not in it.
    """

    def __init__(self, layer, activation, which, values):
        self.range = low, high = activation.range
        self.entries = int(np.count_nonzero(activation.outside(values)))
        worst = activation.worst(values)
        super().__init__(
            f"{layer}: expected values in ({low:.10g}, {high:.10g}), the open range of "
            f"{activation.name}, got {self.entries} of {values.size} outside it or at its end, "
            f"in {len(which)} of the outputs; the worst is {worst:.10g}",
            layer,
            which,
            values,
            worst,
        )


class UnreachableError(InversionError):
    """Values that W reaches from no input; `worst` is the share of a norm outside SignalOut(W)."""

    def __init__(self, layer, which, values, worst):
        super().__init__(
            f"{layer}: expected values that the layer reaches from finite inputs, got up "
            f"to {worst:.2g} of a norm outside SignalOut(W), in {len(which)} of the outputs",
            layer,
            which,
            values,
            worst,
        )


class NotConvergedError(InversionError):
    """Inputs from which the network does not give the outputs; `worst` is the largest error."""

    def __init__(self, tolerance, which, values, worst, steps):
        super().__init__(
            f"network: expected it to give the outputs back to a relative error of {tolerance:g}, "
            f"got up to {worst:.2g} in {len(which)} of the outputs, after up to {steps} steps",
            "",
            which,
            values,
            worst,
        )
