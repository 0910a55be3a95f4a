"""What a layer's inputs add up to: sums over batches, of which no input is kept."""

import math

import numpy as np

from vslib.report.bands import subspace_p, subspace_spread

__all__ = ["Inputs", "Kept"]

PROBES = 24  # random directions in each of two sets
SMALL = 64  # up to so many entries the matrix of second moments itself is summed
NOTHING = 1e-26  # share of energy that is rounding


class Inputs:
    """Sums over the inputs of one layer: energy, mean, which entries were ever met.

    Inputs come in groups, of which each block of the layer takes one. What the matrix of second
    moments says of how inputs concentrate is estimated from its products with random directions,
    half of them taken for its largest part and half for what is left (Persson, Cortinovis and
    Kressner 2022); it is exact for up to 64 entries.

    Parameters
    ----------
    groups, width : int
        Inputs are (T, groups, width).

    Attributes
    ----------
    count : int
        Number of vectors so far.
    kept : dict of str to Kept
        What each matrix that takes these inputs keeps of them, by its name.

    Examples
    --------
    >>> import torch
    >>> inputs = Inputs(1, 2)
    >>> inputs.add(torch.tensor([[[1.0, 0.0]], [[3.0, 0.0]]]).double())
    >>> inputs.count, inputs.energy(False), inputs.energy(True), inputs.silent
    (2, array([10.]), array([2.]), 1)
    """

    def __init__(self, groups, width):
        import torch

        self.shape, self.count, self.kept, self._shift = (groups, width), 0, {}, None
        self._sum = torch.zeros(groups, width, dtype=torch.float64)
        self._squares = torch.zeros(groups, dtype=torch.float64)
        self._met = torch.zeros(groups, width, dtype=torch.bool)
        if width <= SMALL:
            self._probes = torch.eye(width, dtype=torch.float64)
        else:
            draw = torch.Generator().manual_seed(0)
            shape = (width, 2 * PROBES)
            self._probes = torch.randn(shape, generator=draw, dtype=torch.float64)
        self._sketch = torch.zeros(groups, width, self._probes.shape[1], dtype=torch.float64)

    def add(self, rows):
        """Take (T, groups, width) more of them, a float64 tensor."""
        if self._shift is None:
            # Sums are of what is left after this, so that a large mean costs no digits.
            self._shift = rows.mean(0)
        self._met |= (rows != 0).any(0)
        rows = (rows - self._shift).swapaxes(0, 1)
        self.count += rows.shape[1]
        self._sum += rows.sum(1)
        self._squares += (rows**2).sum((1, 2))
        self._sketch += rows.mT @ (rows @ self._probes)
        for kept in self.kept.values():
            kept.add(rows)

    @property
    def silent(self):
        """Number of entries that were zero in all inputs."""
        return int((~self._met).sum())

    def energy(self, centred):
        """(groups,) array: sum of squares, of the inputs or of their distance from their mean."""
        if centred:
            energy = self._squares - (self._sum**2).sum(1) / self.count
            return energy.clamp(min=0).numpy()
        cross = 2 * (self._shift * self._sum).sum(1) + self.count * (self._shift**2).sum(1)
        return (self._squares + cross).clamp(min=0).numpy()

    def concentration(self):
        """(groups,) array: trace(C^2) / trace(C)^2 of the centred second moments C."""
        mean = self._sum / self.count
        sketch = self._sketch - self._sum[:, :, None] * (mean @ self._probes)[:, None]
        sketch, energy = sketch.numpy(), self.energy(centred=True)
        if self._probes.shape[0] == self._probes.shape[1]:
            squares = (sketch**2).sum((1, 2))
        else:
            squares = np.array([_squares(each, self._probes.numpy()) for each in sketch])
        with np.errstate(invalid="ignore", divide="ignore"):
            return squares / energy**2


def _squares(sketch, probes):
    """trace(C^2) of a positive matrix C from its products with two sets of directions."""
    first, others = sketch[:, :PROBES], sketch[:, PROBES:]
    inner = probes[:, :PROBES].T @ first
    values, vectors = np.linalg.eigh((inner + inner.T) / 2)
    large = values > 1e-10 * values[-1]
    part = first @ (vectors[:, large] / np.sqrt(values[large]))
    # C is about part part^T; the other set measures what that leaves.
    left = (others**2).sum() - ((part @ (part.T @ probes[:, PROBES:])) ** 2).sum()
    found = ((part.T @ part) ** 2).sum() + left / PROBES
    return max(found, np.trace(part.T @ part) ** 2 / len(sketch))


class Kept:
    """What one matrix keeps of the inputs that it takes, and how much it passes on.

    Parameters
    ----------
    bases, strengths : lists of arrays
        Of a `vslib.report.blocks.Decomposed`.
    frobenius : (groups,) array
        Sum of the squares of each block's entries.

    Examples
    --------
    >>> import torch
    >>> inputs = Inputs(1, 2)
    >>> basis = np.array([[1.0], [0.0]])
    >>> inputs.kept["fc"] = Kept([basis], [np.array([2.0])])
    >>> inputs.add(torch.tensor([[[3.0, 4.0]], [[1.0, 0.0]]]).double())
    >>> found = inputs.kept["fc"].columns(inputs)
    >>> round(found["rejected"], 4) == round(16 / 26, 4), found["chance"]
    (True, 0.5)
    """

    def __init__(self, bases, strengths):
        import torch

        width, most = len(bases[0]), max(1, *(basis.shape[1] for basis in bases))
        self._ranks = np.array([basis.shape[1] for basis in bases])
        self._basis = torch.zeros(len(bases), width, most, dtype=torch.float64)
        self._strengths = np.zeros((len(bases), most))
        for group, (basis, strength) in enumerate(zip(bases, strengths, strict=True)):
            self._basis[group, :, : basis.shape[1]] = torch.from_numpy(basis.copy("C"))
            self._strengths[group, : len(strength)] = strength
        self._sum = torch.zeros(len(bases), most, dtype=torch.float64)
        self._squares = torch.zeros(len(bases), most, dtype=torch.float64)

    def add(self, rows):
        """Take (groups, T, width) inputs, from which their first mean has been taken."""
        parts = rows @ self._basis
        self._sum += parts.sum(1)
        self._squares += (parts**2).sum(1)

    def _energy(self, inputs, centred):
        """(groups, r) array: what it keeps along each of its singular vectors."""
        if centred:
            return (self._squares - self._sum**2 / inputs.count).clamp(min=0).numpy()
        shift = (inputs._shift[:, None] @ self._basis)[:, 0]
        return (self._squares + 2 * shift * self._sum + inputs.count * shift**2).numpy()

    def columns(self, inputs):
        """The columns of the report that come from inputs; NaN where these have no energy."""
        width = inputs.shape[1]
        found = {"vectors": inputs.count, "always zero": inputs.silent}
        for centred, ending in ((False, ""), (True, "_centred")):
            kept, energy = self._energy(inputs, centred), inputs.energy(centred)
            whole = energy.sum()
            nothing = NOTHING * inputs.energy(False).sum()
            if whole <= (nothing if centred else 0):
                found |= {f"rejected{ending}": math.nan, f"gain{ending}": math.nan}
                continue
            full = (self._ranks == width).all()
            rejected = 0.0 if full else float(np.clip(1 - kept.sum() / whole, 0, 1))
            squares = self._strengths**2
            expected = (energy * squares.sum(1)).sum() / width
            gain = float((squares * kept).sum() / expected) if expected > 0 else math.nan
            found |= {f"rejected{ending}": rejected, f"gain{ending}": gain}
        if math.isnan(found["rejected_centred"]):
            return found | {"spread": math.nan, "p": math.nan}
        shares = energy / whole
        chance = float((shares * (1 - self._ranks / width)).sum())
        spreads = [
            subspace_spread(int(r), width, float(c)) if share > 0 else 0.0
            for r, c, share in zip(self._ranks, inputs.concentration(), shares, strict=True)
        ]
        spread = float(np.sqrt(((shares * spreads) ** 2).sum()))
        p = subspace_p(found["rejected_centred"], chance, spread)
        return found | {"chance": chance, "spread": spread, "p": p}
