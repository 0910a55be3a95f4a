"""What a torch module applies: one probe through it decides whether that is its weight."""

from vslib.layers.calling import NoMatrixError, called

__all__ = ["applied", "coarseness", "deviation"]

# Deviations are relative to the sum of the magnitudes that were added.
TIGHT = 1e-12  # two sums of the same float64 products
AFFINE = 1e-10  # the same, of a module that adds in some order of its own
FAR = 0.1  # of an input's largest output: no rounding is so coarse


def applied(module, form, weights=None):
    """The affine map that a module applies, as the weight and the bias of a form.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, within `vslib.layers.calling.untouched`.
    form : Linear, Convolution or Bilinear
        Of `vslib.layers.forms`: which inputs it takes, and what a weight of it makes of them.
    weights : callable, optional
        Gives triples of weight, bias and source that may explain what the module gives; called
        when the module has been called.

    Returns
    -------
    weight : float64 tensor
    bias : float64 tensor or None
    source : str
        "unit vectors" where none of the weights explains it.

    Raises
    ------
    NoMatrixError
        If it refuses the inputs, gives NaN, gives not the same twice, or is not affine.

    Examples
    --------
    >>> import torch
    >>> from vslib.layers.forms import Linear
    >>> twice = torch.nn.Linear(2, 2, bias=False)
    >>> _ = twice.register_forward_hook(lambda module, inputs, outputs: 2 * outputs)
    >>> with torch.no_grad():
    ...     W, bias, source = applied(twice, Linear(2), lambda: [(twice.weight, None, "weight")])
    >>> source, torch.equal(W, 2 * twice.weight.double())
    ('unit vectors', True)
    """
    return called(module, lambda call: _applied(call, form, weights or list))


def _applied(call, form, weights):
    inputs = form.inputs(seed=0)
    outputs = call(*inputs)
    known = list(weights())
    largest = max((W.abs().max() for W, _, _ in known), default=1)
    if not outputs.isfinite().all():
        # Weights near the largest float64 may take smaller inputs.
        inputs = [x / largest for x in inputs]
        outputs = call(*inputs)
    if not outputs.isfinite().all():
        raise NoMatrixError("gives NaN or infinity for finite inputs")
    tolerance, eps = coarseness(outputs)
    if deviation(outputs, call(*inputs), outputs.abs().max()) > tolerance:
        raise NoMatrixError("gives other outputs for the same inputs")
    for W, b, source in known:
        if _explained(form, inputs, outputs, W, b) <= TIGHT:
            return W, b, source
    _screen(call, form, inputs, outputs)
    found, shift = form.read(call)
    others = form.inputs(seed=1)
    off = _explained(form, others, call(*others), found, shift)
    if not off <= tolerance:
        raise NoMatrixError(
            f"not affine: its outputs are no {form.words} (relative error {min(off, 1):.2g})"
        )
    for W, b, source in known:
        if W.shape == found.shape:
            added = W.abs() + (0 if b is None else _column(b, W).abs())
            if ((found - W).abs() <= 2 * eps * added).all():
                return W, b, source
    return found, shift if shift.any() else None, "unit vectors"


def _screen(call, form, inputs, outputs):
    """Refuse what is far from affine, before thousands of unit vectors are pushed through it."""
    first, *rest = inputs
    shift, other = call(0 * first, *rest), call(-2 * first, *rest)
    if not shift.shape == other.shape == outputs.shape:
        return
    off = (other - shift + 2 * (outputs - shift)).flatten(1).abs().amax(1)
    off = off / (outputs.flatten(1).abs().amax(1) + 1e-290)
    if off.isfinite().all() and off.max() > FAR:
        raise NoMatrixError(
            f"not affine: its outputs are no {form.words} (relative error {min(off.max(), 1):.2g})"
        )


def _column(b, W):
    return b.reshape(-1, *[1] * (W.ndim - 1))


def _explained(form, inputs, outputs, W, b):
    """How far a weight and a bias are from explaining outputs; infinite where shapes differ."""
    try:
        made = form.outputs(inputs, W, b)
    except RuntimeError:  # torch's, where the weight has another shape
        return float("inf")
    sizes = [x.abs() for x in inputs]
    return deviation(outputs, made, form.outputs(sizes, W.abs(), None if b is None else b.abs()))


def deviation(outputs, others, size):
    """The largest distance of two outputs, relative to `size`; infinite where shapes differ.

    Examples
    --------
    >>> import torch
    >>> deviation(torch.tensor([1.0, 8.0]), torch.tensor([1.0, 6.0]), torch.tensor([4.0, 4.0]))
    0.5
    """
    if outputs.shape != others.shape:
        return float("inf")
    # Below 1e-290 products are rounded coarsely or to nothing.
    return ((outputs - others).abs() / (size + 1e-290)).max().item()


def coarseness(outputs):
    """How exactly outputs were computed, from the shortest float that holds them all.

    Returns
    -------
    tolerance : float
        For deviations of what is affine but for such rounding.
    eps : float
        Of that float.

    Examples
    --------
    >>> import torch
    >>> coarseness(torch.tensor([1 / 3], dtype=torch.float64))[1] == 2**-52
    True
    >>> coarseness(torch.tensor([1 / 3]).double())[1] == 2**-23
    True
    """
    import torch

    for dtype, factor in ((torch.bfloat16, 4), (torch.float16, 16), (torch.float32, 64)):
        if outputs.to(dtype).double().equal(outputs.double()):
            eps = torch.finfo(dtype).eps
            return factor * eps, eps
    return AFFINE, torch.finfo(torch.float64).eps
