"""How a network learns from one batch: the paper's descent, or one cycle of AdamW."""

import math

from vslib.networks.adversary import Adversary
from vslib.networks.moments import kept, put_back

__all__ = ["CYCLE", "Descent", "OneCycle"]

CYCLE = {
    "optimizer": "AdamW",
    "learning rate": 0.004,
    "schedule": "up from 0 in the first fifth of all steps, then down to 0 as a cosine",
    "weight decay": 0.001,
    "gradient's norm at most": 5.0,
    "batch size": 128,
    "epochs": 6,
    "loss": "cross-entropy of the outputs",
    "images": "[0, 1], not normalised, moved by up to 2 pixels each way",
}


AGAINST = "adversary/"


class Descent:
    """Stochastic gradient descent with momentum: the paper's.

    Parameters
    ----------
    network : torch.nn.Module
    recipe : dict
    momenta : dict of str to tensor
        As `momenta` gave them after an earlier epoch; {} at the start.
    steps : int
        Batches in the whole training.

    Examples
    --------
    >>> import torch
    >>> method = Descent(torch.nn.Linear(3, 2), {"learning rate": 0.1, "momentum": 0.9}, {}, 1)
    >>> method.learn(torch.ones(4, 3), torch.tensor([0, 1, 1, 1])) > 0
    True
    >>> sorted(method.momenta())
    ['bias', 'weight']
    """

    def __init__(self, network, recipe, momenta, steps):
        import torch

        self.network = network
        self.optimizer = torch.optim.SGD(
            network.parameters(),
            lr=recipe["learning rate"],
            momentum=recipe["momentum"],
            fused=True,
        )
        for key, parameter in network.named_parameters():
            if key in momenta:
                self.optimizer.state[parameter]["momentum_buffer"] = momenta[key]

    def learn(self, images, labels, generator=None):
        """One step; the loss of the batch before it."""
        from torch.nn.functional import cross_entropy

        self.optimizer.zero_grad()
        loss = cross_entropy(self.network(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def momenta(self):
        """What the next epoch needs, by the name of the parameter."""
        state = self.optimizer.state
        return {k: state[p]["momentum_buffer"] for k, p in self.network.named_parameters()}


class OneCycle:
    """One cycle of AdamW on images that are moved a little, with the terms that a recipe names.

    ``reconstruction`` times ``|x - phi^-1(signal of phi(x))|^2`` a pixel asks that the image be
    told by its ten outputs; ``likelihood`` times ``-log p(x | label)`` a pixel, a unit Gaussian
    about each row of the readout, asks that codes be Gaussian; ``adversary`` times what an
    `Adversary` knows of the digit asks that the rejected part of the code hide it. All meet images
    with ``noise`` added.

    Parameters
    ----------
    network : vslib.bijections.Classifier
    recipe : dict
        `CYCLE`, or more.
    momenta : dict of str to tensor
        As `momenta` gave them after an earlier epoch; {} at the start.
    steps : int
        Batches in the whole training.

    References
    ----------
    Loshchilov and Hutter (2019), Decoupled weight decay regularization; Smith and Topin (2019),
    Super-convergence.

    Examples
    --------
    >>> import torch
    >>> from vslib import networks
    >>> method = OneCycle(networks.build("bijection"), CYCLE, {}, steps=100)
    >>> generator = torch.Generator().manual_seed(0)
    >>> loss = method.learn(torch.rand(8, 28, 28), torch.arange(8), generator)
    >>> 2 < loss < 3, round(method.rate(), 6)
    (True, 0.0002)
    """

    def __init__(self, network, recipe, momenta, steps):
        import torch

        self.network, self.recipe, self.steps = network, recipe, steps
        network.to(memory_format=torch.channels_last)
        decay = recipe["weight decay"]
        parameters = list(network.parameters())
        groups = [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=recipe["learning rate"], fused=True)
        self.done = put_back(self.optimizer, network, momenta)
        self.adversary = None
        if recipe.get("adversary", 0):
            own = {k: value for k, value in momenta.items() if k.startswith(AGAINST)}
            self.adversary = Adversary({k.removeprefix(AGAINST): own[k] for k in own})

    def rate(self):
        """The learning rate of the step that was done last."""
        share = self.done / self.steps
        height = share / 0.2 if share < 0.2 else (1 + math.cos(math.pi * (share - 0.2) / 0.8)) / 2
        return self.recipe["learning rate"] * height

    def learn(self, images, labels, generator):
        """One step; the loss of the batch before it."""
        import torch

        clean = _moved(images, generator)
        noise = self.recipe.get("noise", 0)
        given = clean + noise * torch.randn(clean.shape, generator=generator) if noise else clean
        loss = self._loss(given, clean, labels)
        self.optimizer.zero_grad()
        loss.backward()
        most = self.recipe["gradient's norm at most"]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), most)
        self.done += 1
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate()
        self.optimizer.step()
        return loss.item()

    def _loss(self, given, clean, labels):
        import torch
        from torch.nn.functional import cross_entropy

        likelihood = self.recipe.get("likelihood", 0)
        reconstruction = self.recipe.get("reconstruction", 0)
        if not (likelihood or reconstruction or self.adversary):
            return cross_entropy(self.network(given), labels)
        bijection, readout = self.network.bijection, self.network.readout
        z, logdet = bijection.with_logdet(given)
        loss = cross_entropy(readout(z), labels)
        A = readout.weight
        if likelihood:
            surprise = ((z - A[labels]) ** 2).sum(1) / 2 - logdet
            loss = loss + likelihood * surprise.mean() / z.shape[1]
        if reconstruction or self.adversary:
            # A ridge far below the eigenvalues of A A^T keeps the first steps finite.
            gram = A @ A.T + 1e-6 * torch.eye(len(A))
            signal = torch.linalg.solve(gram, A @ z.T).T @ A
        if reconstruction:
            loss = loss + reconstruction * ((bijection.inverse(signal) - clean) ** 2).mean()
        if self.adversary:
            self.adversary.learn(z - signal, labels)
            loss = loss + self.recipe["adversary"] * self.adversary.sureness(z - signal)
        return loss

    def momenta(self):
        """What the next epoch needs, by the name of the parameter and of the moment."""
        own = kept(self.optimizer, self.network)
        against = self.adversary.momenta() if self.adversary else {}
        return own | {f"{AGAINST}{key}": value for key, value in against.items()}


def _moved(images, generator, by=2):
    """Each image moved by up to so many pixels each way, zeros coming in."""
    import torch
    from torch.nn.functional import pad

    count, height, width = images.shape
    wide = pad(images, (by,) * 4)
    places = torch.randint(0, 2 * by + 1, (count, 2), generator=generator)
    rows = places[:, :1] + torch.arange(height)
    columns = places[:, 1:] + torch.arange(width)
    return wide[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
