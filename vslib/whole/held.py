"""What a walk holds: outputs of a network or of one of its modules, with derivatives."""

import contextlib

import numpy as np
import torch

from vslib.inference import pullback

__all__ = ["Held"]

RTOL = 1e-12  # of the largest singular value: rows of the Jacobian below count as none


class Held:
    """A function of flat inputs: what a network, or one module of it, gives.

    Parameters
    ----------
    ask : vslib.inference.Asked
    network : torch.nn.Module
    shape : tuple of int
        Of one input.
    name : str, optional
        Of the module whose outputs are held; those of the network by default.

    Raises
    ------
    ValueError
        If the network has no such module, or runs it other than once.

    Examples
    --------
    >>> from vslib.inference import asked
    >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
    >>> with asked(network, double=True) as ask:
    ...     Held(ask, network, (3,), "0").values(np.ones(3)).shape
    (2,)
    """

    def __init__(self, ask, network, shape, name=None):
        self._ask, self._shape, self._module = ask, shape, None
        if name is not None:
            modules = dict(network.named_modules())
            if name not in modules or not name:
                known = ", ".join(repr(key) for key in modules if key)
                raise ValueError(f"hold: expected the name of a module, {known}; got {name!r}")
            self._module, self._name = modules[name], name

    def values(self, x):
        """(m,) array at a flat input."""
        with torch.no_grad():
            return self._run(self._ask.tensor(x).reshape(1, *self._shape))[0].cpu().numpy()

    def rows(self, x, count):
        """Values at x; and U (m, r), s (r,), V (r, n) of the Jacobian there."""
        values, J = pullback(self._run, self._ask.tensor(x).reshape(self._shape), count)
        U, s, V = np.linalg.svd(J.cpu().numpy(), full_matrices=False)
        rank = int(np.count_nonzero(s > RTOL * s[0]))
        return values.cpu().numpy(), U[:, :rank], s[:rank], V[:rank]

    def _run(self, batch):
        if self._module is None:
            return self._ask(batch).flatten(1)
        given = []
        with contextlib.ExitStack() as stack:
            # A clone: what comes next may change it in place.
            hook = self._module.register_forward_hook(lambda m, i, o: given.append(o.clone()))
            stack.callback(hook.remove)
            self._ask(batch)
        if len(given) != 1:
            raise ValueError(
                f"hold: expected a module that the network runs once, got {self._name!r}, which "
                f"it runs {len(given)} times"
            )
        return given[0].flatten(1)
