"""Small networks to measure: built untrained, and fitted to few images by two recipes."""

from vslib import layers, networks

__all__ = ["FAMILIES", "build", "fit"]

# How many seeds are trained of each.
FAMILIES = {"fc1": 3, "fc5": 3, "convolutions": 2, "transformer": 2}
RATES = {"Adam": 1e-3, "SGD": 1e-2}
EPOCHS = 60


def build(family, seed=0):
    """An untrained network of a family.

    Parameters
    ----------
    family : str
        "convolutions", two of them and two linear layers; "transformer", of two layers, to which
        the 28 rows of an image are 28 words; or as `vslib.networks.build` takes it.
    seed : int

    Returns
    -------
    torch.nn.Module
        From images (N, 28, 28) to outputs (N, 10).

    Examples
    --------
    >>> import torch
    >>> build("transformer")(torch.zeros(2, 28, 28)).shape
    torch.Size([2, 10])
    """
    import torch

    made = {"convolutions": _convolutions, "transformer": _transformer}.get(family)
    if made is None:
        return networks.build(family, seed).eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return made().eval()


def _convolutions():
    from torch import nn

    return nn.Sequential(
        nn.Unflatten(1, (1, 28)),
        *(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def _transformer(width=64):
    import torch
    from torch import nn

    class Rows(nn.Module):
        """To which an image is its rows, from top to bottom."""

        def __init__(self):
            super().__init__()
            self.embed = nn.Linear(28, width)
            self.position = nn.Parameter(0.1 * torch.randn(28, width))
            layer = nn.TransformerEncoderLayer(width, 4, 2 * width, dropout=0, batch_first=True)
            self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            # What is copied would start as two layers that are the same.
            for parameter in self.layers.parameters():
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
            self.head = nn.Linear(width, 10)

        def forward(self, x):
            return self.head(self.layers(self.embed(x) + self.position).mean(1))

    return Rows()


def fit(network, images, labels, seed, recipe, epochs=EPOCHS):
    """Train a network on few images until it knows their labels, or for so many epochs.

    Parameters
    ----------
    network : torch.nn.Module
        Changed in place.
    images : (N, 28, 28) array
    labels : (N,) array
        True or shuffled.
    seed : int
        Of the order of the images.
    recipe : {"Adam", "SGD"}
        Adam with a rate of .001; or gradient descent with .01, momentum .9 and gradients clipped
        at 1. Batches of 50, no decay of weights; until .99 of the labels are met.
    epochs : int

    Returns
    -------
    dict
        ``epochs`` and ``training``, the share of labels met.

    Examples
    --------
    >>> from vslib import mnist
    >>> images, labels = mnist.load("test")
    >>> fit(build("fc5"), images[:100], labels[:100], 0, "Adam")["training"] > 0.9
    True
    """
    import torch
    from torch import nn

    # Without the taps that only meet padding, which no gradient reaches: the same, sooner.
    small, windows = layers.crop_unseen_taps(network, images.shape[1:])
    parameters = [*small.parameters()]
    if recipe == "Adam":
        optimizer = torch.optim.Adam(parameters, lr=RATES[recipe])
    else:
        optimizer = torch.optim.SGD(parameters, lr=RATES[recipe], momentum=0.9)
    x, y = torch.tensor(images), torch.tensor(labels)
    generator = torch.Generator().manual_seed(seed)
    epoch, met = 0, 0.0
    while epoch < epochs and met < 0.99:
        epoch += 1
        small.train()
        for rows in torch.randperm(len(x), generator=generator).split(50):
            optimizer.zero_grad()
            nn.functional.cross_entropy(small(x[rows]), y[rows]).backward()
            if recipe == "SGD":
                nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
        met = networks.accuracy(small.eval(), images, labels)
    if small is not network:
        layers.fill_taps(network, small, windows)
    network.eval()
    return {"epochs": epoch, "training": met}
