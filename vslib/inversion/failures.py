"""Why an output got no preimage: the layer, the count and the worst value."""

import numpy as np

__all__ = ["InversionError", "NotConvergedError", "OutOfRangeError", "UnreachableError"]

ROUNDED = 1e-4  # float32 leaves less than that


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

    Examples
    --------
    >>> import torch
    >>> from vslib.inversion import invert
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    >>> try:
    ...     invert(network, [0.5, 2.0])
    ... except InversionError as error:
    ...     print(error.layer, error.count, error.worst)
    1 1 2.0
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

    Examples
    --------
    >>> import torch
    >>> from vslib.inversion import invert
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Tanh())
    >>> try:
    ...     invert(network, [0.5, 2.0])
    ... except OutOfRangeError as error:
    ...     print(error.range, error.entries)
    (-1.0, 1.0) 1
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
    """Values that W reaches from no input; `worst` is the share of a norm outside SignalOut(W).

    Examples
    --------
    >>> import torch
    >>> from vslib.inversion import invert
    >>> layer = torch.nn.Linear(1, 2, bias=False)
    >>> _ = layer.weight.data.copy_(torch.tensor([[1.0], [0.0]]))
    >>> try:
    ...     invert(torch.nn.Sequential(layer), [0.0, 1.0])
    ... except UnreachableError as error:
    ...     print(error.worst)
    1.0
    """

    def __init__(self, layer, which, values, worst):
        super().__init__(
            f"{layer}: expected values that the layer reaches from finite inputs, got up "
            f"to {worst:.2g} of a norm outside SignalOut(W), in {len(which)} of the outputs"
            f"{_hint(worst)}",
            layer,
            which,
            values,
            worst,
        )


class NotConvergedError(InversionError):
    """Inputs from which the network does not give the outputs; `worst` is the largest error.

    Examples
    --------
    >>> import torch
    >>> from vslib.inversion import invert
    >>> network = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    >>> try:
    ...     invert(network, [100.0], "newton", steps=3)
    ... except NotConvergedError as error:
    ...     print(error.layer == "", error.worst > 0.5)
    True True
    """

    def __init__(self, tolerance, which, values, worst, steps):
        super().__init__(
            "network: expected it to give the outputs back to a relative error of "
            f"{tolerance:.2g}, got up to {worst:.2g} in {len(which)} of the outputs, after up to "
            f"{steps} steps{_hint(worst)}",
            "",
            which,
            values,
            worst,
        )


def _hint(worst):
    """What to do where the outputs may be right but for float32's rounding."""
    if worst > ROUNDED:
        return ""
    return f"; outputs that were computed or kept in float32 need a tolerance of {10 * worst:.0e}"
