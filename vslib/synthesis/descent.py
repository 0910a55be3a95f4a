"""Images that bring a network near an ideal output, by gradient descent on the input."""

import numpy as np

from vslib.arrays import real_array
from vslib.inference import asked
from vslib.networks import image_axes
from vslib.synthesis.made import Synthesis

__all__ = ["PAPER", "synthesize"]

# The settings of the authors' code for figure 3.
PAPER = {"optimizer": "SGD", "rate": 0.0001, "steps": 100, "centred": False}
OPTIMIZERS = ("Adam", "SGD")


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
    take=None,
):
    """Images whose outputs come nearer to their targets, by gradient descent on the input.

    All classes of all starts are one batch, and each goes its own way. The network is asked in
    evaluation mode and stays as it is.

    Parameters
    ----------
    network : torch.nn.Module
        From images (N, h, w) or (N, C, h, w) to outputs (N, m).
    start : (classes, h, w) or (starts, classes, h, w) array, or dict of (classes, h, w) arrays
        Pixels in [0, 1]; a dict, such as `StartingImages`, is stacked in its order. Images may
        have channels before h, (C, h, w), where the network takes them so
        (`vslib.networks.image_axes`).
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
    take : str, int or callable, optional
        As for `vslib.networks.evaluate`.

    Returns
    -------
    Synthesis

    Raises
    ------
    ValueError
        If an array is not finite and real, shapes do not fit, pixels of the start leave [0, 1],
        an argument is none of those above, or the outputs or their gradient are no finite
        numbers, or there is no gradient; as `vslib.networks.evaluate` does for what the network
        takes and gives.

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
    start, targets, axes = _checked(network, start, targets, within, clip, take)
    keep = set(keep)
    if optimizer not in OPTIMIZERS:
        raise ValueError(f"optimizer: expected one of {', '.join(OPTIMIZERS)}, got {optimizer!r}")
    if steps < 0:
        raise ValueError(f"steps: expected 0 or more, got {steps}")
    if not keep <= set(range(steps + 1)):
        raise ValueError(f"keep: expected steps from 0 to {steps}, got {sorted(keep)}")
    with asked(network, start.shape[-axes:], take) as ask:
        path = _Path(ask, start, targets, within, clip, axes)
        return path.walk(steps, optimizer, rate, centred, prior, keep, progress)


class _Path:
    """The images on their way: what is moved, and what the network says of it."""

    def __init__(self, ask, start, targets, within, clip, axes):
        import torch

        self.ask, self.shape, self.targets = ask, start.shape, targets
        self.within, self.clip, self.axes = within, clip, axes
        # Steps are small: shorter floats would not move.
        short = ask.dtype not in (torch.float32, torch.float64)
        self.like = {"dtype": torch.float32 if short else ask.dtype, "device": ask.device}
        if within is None:
            free = start
        else:
            free = within.coefficients(start.reshape(*start.shape[:-axes], -1))
            self.centres = torch.tensor(within.centres, **self.like)
            frames = within.bases * within.scales[:, None]
            self.frames = torch.tensor(frames, **self.like)
        self.free = torch.tensor(free, **self.like).requires_grad_(True)
        self.goal = torch.tensor(targets, **self.like)

    def images(self):
        import torch

        if self.within is None:
            return self.free
        images = self.centres + torch.einsum("cnk,...ck->...cn", self.frames, self.free)
        return (images.clamp(0, 1) if self.clip else images).reshape(self.shape)

    def answers(self, images, step, rate):
        import torch

        answers = self.ask(images.reshape(-1, *self.shape[-self.axes :]).to(self.ask.dtype))
        if answers.ndim != 2 or answers.shape[1] != self.targets.shape[1]:
            raise ValueError(
                f"targets: expected shape (classes, {tuple(answers.shape)[-1]}) for this "
                f"network, got {self.targets.shape}"
            )
        if not torch.isfinite(answers).all():
            if step == 0:
                raise ValueError("outputs: expected finite numbers for the start, but got others")
            raise ValueError(
                f"rate: expected one at which the outputs stay finite, got {rate:g}, "
                f"at which they do not at step {step}"
            )
        return answers.to(self.free.dtype).reshape(*self.shape[: -self.axes], -1)

    def walk(self, steps, optimizer, rate, centred, prior, keep, progress):
        import torch
        from tqdm.auto import tqdm

        descent = getattr(torch.optim, optimizer)([self.free], lr=rate)
        outputs, kept = [], []
        with tqdm(total=steps, desc="synthesis", unit="step", disable=not progress) as bar:
            for step in range(steps + 1):
                images = self.images()
                answers = self.answers(images, step, rate)
                outputs.append(answers.detach().double().cpu().numpy())
                if step in keep or step == steps:
                    kept.append(images.detach().cpu().numpy().copy())
                if step == steps:
                    break
                if not answers.requires_grad:
                    raise ValueError(
                        "network: expected outputs with a derivative by the pixels, got some "
                        "that were detached, rounded or chosen on the way"
                    )
                away = answers - self.goal
                if centred:
                    away = away - away.mean(-1, keepdim=True)
                # A sum over images: each has the gradient of its own mean squared distance.
                loss = (away**2).mean(-1).sum()
                if self.within is not None:
                    loss = loss + prior * (self.free**2).mean(-1).sum()
                (self.free.grad,) = torch.autograd.grad(loss, self.free)
                if not torch.isfinite(self.free.grad).all():
                    raise ValueError(
                        "gradient: expected finite derivatives of the outputs by the pixels, got "
                        f"NaN or infinity at step {step}, where the outputs are finite; "
                        "another start may have them"
                    )
                descent.step()
                if self.within is None and self.clip:
                    with torch.no_grad():
                        self.free.clamp_(0, 1)
                bar.update()
        last = kept[-1]
        kept = np.array(kept if steps in keep else kept[:-1]).reshape(-1, *self.shape)
        return Synthesis(last, kept, np.stack(outputs), self.targets)


def _checked(network, start, targets, within, clip, take):
    if hasattr(start, "values") and not hasattr(start, "detach"):
        start = np.stack([real_array(value, name) for name, value in start.items()])
    start, targets = real_array(start, "start"), real_array(targets, "targets", axes=2)
    axes = image_axes(network, start.shape, take) if start.ndim > 3 else 2
    if axes == 3 and start.ndim == 4 and len(start) != len(targets) == start.shape[1]:
        axes = 2
    if start.ndim - axes not in (1, 2) or start.shape[-axes - 1] != len(targets):
        raise ValueError(
            "start, targets: expected shapes (classes, h, w) or (starts, classes, h, w), with "
            "channels before h where the network takes them, and "
            f"(classes, m), got {start.shape}, {targets.shape}"
        )
    if clip and not 0 <= start.min() <= start.max() <= 1:
        raise ValueError(
            f"start: expected pixels in [0, 1], got {start.min():g} to {start.max():g}"
        )
    wanted = (len(targets), int(np.prod(start.shape[-axes:])))
    if within is not None and within.centres.shape != wanted:
        raise ValueError(f"within: expected centres of shape {wanted}, got {within.centres.shape}")
    return start, targets, axes
