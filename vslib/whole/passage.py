"""The Jacobians of every depth of a network at an input, in one pass."""

import contextlib
import warnings

import numpy as np
import torch
from torch.autograd import forward_ad
from torch.nn.attention import SDPBackend, sdpa_kernel

from vslib.arrays import real_array
from vslib.inference import NetworkInputError, asked
from vslib.whole.places import places, watched
from vslib.whole.products import Products

__all__ = ["each", "jacobians", "passage"]

LARGEST = 2.5e8  # numbers of one Jacobian: 2 GB
SAME = 1e-9  # relative difference of a derivative in the batch and alone


def jacobians(network, x, at=None):
    """The Jacobian of each depth of a network at an input, by forward differentiation.

    The input and one tangent for each of its n numbers go through the network together, in
    float64 and evaluation mode. Where a layer has a kink (ReLU at 0, equal maxima in a pool), its
    derivative is torch's: 0, and that of the first.

    Parameters
    ----------
    network : torch.nn.Module
        Feed-forward; any module that torch differentiates forwards.
    x : array
        One input, of any shape that the network takes.
    at : sequence of str, optional
        Names of the depths wanted; all by default. The outputs always are the last.

    Returns
    -------
    dict
        From names to (m, n) float64 arrays, in order of depth.

    Raises
    ------
    ValueError
        If x is not finite or not what the network takes, a depth is unknown, a module has no
        forward derivative or mixes the inputs of a batch (by name), or a Jacobian has more than
        2.5e8 numbers.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> found = jacobians(network, [1, 2, 3])
    >>> list(found), found["1"].shape
    (['0', '1'], (2, 3))
    """
    found = {}
    passage(network, real_array(x, "x"), lambda name, J: found.update({name: J.copy()}), at)
    return found


def each(network, x, find):
    """What is found for x, or a list of it where x is several inputs along its first axis.

    It is several where the network takes what stands along that axis as inputs.

    Examples
    --------
    >>> each(torch.nn.Linear(3, 2), np.zeros((5, 3)), np.shape)
    [(3,), (3,), (3,), (3,), (3,)]
    """
    x = real_array(x, "x")
    several = x.ndim > 1 and _takes(network, x.shape[1:])
    return [find(image) for image in x] if several else find(x)


def _takes(network, shape):
    try:
        with asked(network, shape, double=True):
            return True
    except NetworkInputError:
        return False


def passage(network, x, visit, at=None):
    """Hand the name and the Jacobian of each depth to `visit`, which copies what it keeps.

    Examples
    --------
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> passage(network, np.ones(3), lambda name, J: print(name, J.shape))
    0 (2, 3)
    1 (2, 3)
    """
    with asked(network, shape=x.shape, double=True) as ask:
        image = ask.tensor(x)[None]
        found = places(ask, network, image)
        wanted = _chosen(found, at)
        largest = max(found, key=lambda place: place.size)
        if x.size * largest.size > LARGEST:
            raise ValueError(
                f"{largest.name}: expected a Jacobian of at most {LARGEST:.2g} numbers, got "
                f"{largest.size} x {x.size}"
            )
        direction = np.random.default_rng(0).normal(size=x.shape)
        alone, values = {}, {}

        def remember(place, value, tangents):
            # A copy: what comes next may change it in place.
            alone[place.name], values[place.name] = tangents[0].numpy().copy(), value.numpy().copy()

        def compare(place, value, tangents):
            J = tangents.reshape(x.size, -1).T.numpy()
            expected = alone[place.name].reshape(-1)
            off = np.abs(J @ direction.reshape(-1) - expected).max()
            moved = np.abs(value.numpy() - values[place.name]).max()
            scale = max(np.abs(expected).max(), np.abs(values[place.name]).max() * 1e-3)
            if not (np.isfinite(J).all() and max(off, moved * 1e-3) <= SAME * (scale or 1)):
                raise ValueError(
                    f"{place.name}: expected finite derivatives that are those of each input by "
                    "itself, got others in a batch"
                )
            visit(place.name, J)

        _run(ask, network, image, ask.tensor(direction)[None], wanted, remember)
        eye = torch.eye(x.size, dtype=image.dtype, device=image.device).reshape(-1, *x.shape)
        _run(ask, network, image, eye, wanted, compare)


def _chosen(found, at):
    if at is None:
        return found
    names = [place.name for place in found]
    unknown = [name for name in at if name not in names]
    if unknown or isinstance(at, str):
        raise ValueError(
            f"at: expected a list of depths among {', '.join(map(repr, names))}; got "
            f"{at if isinstance(at, str) else unknown[0]!r}"
        )
    return [place for place in found if place.name in at or place is found[-1]]


def _run(ask, network, image, tangents, wanted, visit):
    """The image with its tangents through the network; a stop at each place that is wanted."""
    inside = ["network"]
    stops = {(place.module, place.call, place.given): place for place in wanted}

    def stop(key, dual):
        if key in stops:
            value, tangent = forward_ad.unpack_dual(dual)
            if tangent is None:
                tangent = torch.zeros_like(value)
            visit(stops[key], value[0].detach().cpu(), tangent.detach().cpu())

    def note(name, module, call, given, dual):
        if given:
            inside.pop()
        else:
            inside.append(name or "network")
        stop((module, call, given), dual)

    with contextlib.ExitStack() as stack:
        stack.enter_context(watched(network, note))
        fast = torch.backends.mha.get_fastpath_enabled()
        stack.callback(torch.backends.mha.set_fastpath_enabled, fast)
        # Attention's fast paths have no forward derivatives.
        torch.backends.mha.set_fastpath_enabled(False)
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.enter_context(torch.no_grad())
        stack.enter_context(forward_ad.dual_level())
        stack.enter_context(Products())
        rows = image.expand(len(tangents), *image.shape[1:]).contiguous()
        try:
            outputs = ask(_dual(rows, tangents.contiguous()))
        except (RuntimeError, NotImplementedError) as error:
            raise ValueError(
                f"{inside[-1]}: expected a module with a forward derivative, got an error of "
                f"torch: {str(error).strip().splitlines()[0]}"
            ) from error
        stop((None, 0, True), outputs)


def _dual(value, tangent):
    with warnings.catch_warnings():
        # torch uses what it deprecates, when it is first asked to differentiate forwards.
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", FutureWarning)
        return forward_ad.make_dual(value, tangent)
