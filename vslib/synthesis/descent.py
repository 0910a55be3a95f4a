"""Images that bring a network near an ideal output, by gradient descent on the input."""

from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.networks import decide, frozen

__all__ = ["PAPER", "Synthesis", "synthesize"]

# The settings of the authors' code for figure 3.
PAPER = {"optimizer": "SGD", "rate": 0.0001, "steps": 100, "centred": False}
OPTIMIZERS = ("Adam", "SGD")


@dataclass(frozen=True)
class Synthesis:
    """What `synthesize` made; axes in the order step, start (if several), class.

    Attributes
    ----------
    images : (..., classes, h, w) array
        After the last step.
    kept : (len(keep), ..., classes, h, w) array
        At the steps asked for, in increasing order.
    outputs : (steps + 1, ..., classes, m) array
        Of the network, before the first step and after each.
    targets : (classes, m) array

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> made = synthesize(network, np.zeros((2, 2, 2)), np.eye(2), steps=3, progress=False)
    >>> made.outputs.shape, made.distances.shape
    ((4, 2, 2), (4, 2))
    """

    images: np.ndarray
    kept: np.ndarray
    outputs: np.ndarray
    targets: np.ndarray

    @property
    def distances(self):
        """(steps + 1, ..., classes) array: mean squared distance to the target, over outputs."""
        return ((self.outputs - self.targets) ** 2).mean(-1)

    @property
    def centred_distances(self):
        """As `distances`, without the shift common to all outputs, which softmax cannot see."""
        return (self.outputs - self.targets).var(-1)

    @property
    def before(self):
        """(..., classes) array: mean squared distance at step 0.

        Of the start, or within a subspace of the point nearest to it.
        """
        return self.distances[0]

    @property
    def after(self):
        """(..., classes) array: mean squared distance of `images`."""
        return self.distances[-1]

    @property
    def predicted(self):
        """(..., classes) int array: the class that the network sees in `images`."""
        return decide(self.outputs[-1])[0]

    @property
    def confidence(self):
        """(..., classes) array: softmax of the predicted class, in (0, 1]."""
        return decide(self.outputs[-1])[1]


def synthesize(
    network,
    start,
    targets,
    within=None,
    steps=20,
    optimizer="Adam",
    rate=0.1,
    centred=True,
    prior=0.05,
    clip=True,
    keep=(),
    progress=True,
):
    """Images whose outputs come nearer to their targets, by gradient descent on the input.

    All classes of all starts are one batch, and each goes its own way. A frozen copy of the
    network is asked, in evaluation mode.

    Parameters
    ----------
    network : torch.nn.Module
        From images (N, h, w) to outputs (N, m).
    start : (classes, h, w) or (starts, classes, h, w) array, or dict of (classes, h, w) arrays
        Pixels in [0, 1]; a dict, such as `StartingImages`, is stacked in its order.
    targets : (classes, m) array
        The target of each class.
    within : PrincipalSubspaces, optional
        Keep the image of each class in its affine subspace: what is moved are coefficients,
        from those of the point nearest to `start`, and only then are pixels cut to [0, 1].
        Pixels are free by default.
    steps : int
    optimizer : {"Adam", "SGD"}
    rate : float
        Learning rate.
    centred : bool
        Whether the distance to be reduced is without the shift common to all outputs.
    prior : float
        Within a subspace, this times the mean square of the coefficients is added: it keeps
        them as large as the data's are.
    clip : bool
        Whether pixels are kept in [0, 1].
    keep : iterable of int
        Steps, from 0 (the beginning) to `steps`, whose images are wanted too.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    Synthesis

    Raises
    ------
    ValueError
        If an array is not finite and real, shapes do not fit, pixels of the start leave [0, 1],
        an argument is none of those above, or the outputs become infinite on the way.

    References
    ----------
    Pattichis and Pattichis (2024), section 2.4; `PAPER` holds their settings.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    >>> made = synthesize(network, np.zeros((2, 2, 2)), np.eye(2), steps=3, progress=False)
    >>> made.images.shape, made.predicted.shape
    ((2, 2, 2), (2,))
    """
    import torch
    from tqdm.auto import tqdm

    start, targets = _checked(start, targets, within, clip)
    keep = set(keep)
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer: expected one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    if steps < 0:
        raise ValueError(f"steps: expected 0 or more, got {steps}")
    if not keep <= set(range(steps + 1)):
        raise ValueError(f"keep: expected steps from 0 to {steps}, got {sorted(keep)}")
    network, like = frozen(network)

    def tensor(array):
        return torch.tensor(array, dtype=like.dtype, device=like.device)

    if within is None:
        free = tensor(start)
    else:
        flat = start.reshape(*start.shape[:-2], -1)
        free = tensor(within.coefficients(flat))
        centres, frames = tensor(within.centres), tensor(within.bases * within.scales[:, None])
    free.requires_grad_(True)
    descent = getattr(torch.optim, optimizer)([free], lr=rate)
    goal, outputs, kept = tensor(targets), [], []
    with (
        torch.enable_grad(),
        tqdm(total=steps, desc="synthesis", unit="step", disable=not progress) as bar,
    ):
        for step in range(steps + 1):
            images = free
            if within is not None:
                images = centres + torch.einsum("cnk,...ck->...cn", frames, free)
                images = (images.clamp(0, 1) if clip else images).reshape(start.shape)
            answers = network(images.reshape(-1, *start.shape[-2:]))
            if answers.ndim != 2 or answers.shape[1] != targets.shape[1]:
                raise ValueError(
                    f"targets: expected shape (classes, {tuple(answers.shape)[-1]}) for this "
                    f"network, got {targets.shape}"
                )
            if not torch.isfinite(answers).all():
                raise ValueError(
                    f"rate: expected one at which the outputs stay finite, got {rate:g}, "
                    f"at which they do not at step {step}"
                )
            answers = answers.reshape(*start.shape[:-2], -1)
            outputs.append(answers.detach().double().cpu().numpy())
            if step in keep or step == steps:
                kept.append(images.detach().cpu().numpy().copy())
            if step == steps:
                break
            away = answers - goal
            if centred:
                away = away - away.mean(-1, keepdim=True)
            # A sum over images: the gradient of each is that of its own mean squared distance.
            loss = (away**2).mean(-1).sum()
            if within is not None:
                loss = loss + prior * (free**2).mean(-1).sum()
            (free.grad,) = torch.autograd.grad(loss, free)
            descent.step()
            if within is None and clip:
                with torch.no_grad():
                    free.clamp_(0, 1)
            bar.update()
    images = kept[-1]
    kept = np.array(kept if steps in keep else kept[:-1]).reshape(-1, *start.shape)
    return Synthesis(images, kept, np.stack(outputs), targets)


def _checked(start, targets, within, clip):
    if hasattr(start, "values") and not hasattr(start, "detach"):
        start = np.stack([real_array(value, name) for name, value in start.items()])
    start, targets = real_array(start, "start"), real_array(targets, "targets", axes=2)
    if start.ndim not in (3, 4) or start.shape[-3] != len(targets):
        raise ValueError(
            "start, targets: expected shapes (classes, h, w) or (starts, classes, h, w), and "
            f"(classes, m), got {start.shape}, {targets.shape}"
        )
    if clip and not 0 <= start.min() <= start.max() <= 1:
        raise ValueError(
            f"start: expected pixels in [0, 1], got {start.min():g} to {start.max():g}"
        )
    wanted = (len(targets), start[0].size if start.ndim == 3 else start[0, 0].size)
    if within is not None and within.centres.shape != wanted:
        raise ValueError(f"within: expected centres of shape {wanted}, got {within.centres.shape}")
    return start, targets
