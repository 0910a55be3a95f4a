"""A bijection of images as a chain of layers, and a classifier made of it and one matrix."""

from torch import nn

from vslib.bijections.couplings import Coupling, Mix, Squeeze

__all__ = ["Bijection", "Classifier"]

ORDERS = {  # of the columns of each mixing; drawn once, and written out so that nothing draws again
    4: ((2, 0, 1, 3),),
    16: (
        (9, 2, 13, 4, 0, 11, 6, 15, 7, 1, 12, 10, 3, 8, 14, 5),
        (5, 14, 0, 7, 10, 3, 12, 9, 1, 6, 15, 2, 13, 4, 8, 11),
        (12, 7, 3, 10, 15, 0, 5, 8, 14, 1, 9, 6, 2, 11, 4, 13),
    ),
}


class Bijection(nn.Module):
    """A bijection of images (N, 28, 28) to codes (N, 784): squeezes, mixings and couplings.

    28 x 28 pixels are squeezed to 4 channels of 14 x 14, mixed, and meet one pair of couplings;
    then to 16 channels of 7 x 7, with three mixings and three pairs.

    Parameters
    ----------
    kind : {"additive", "affine", "rectified"}
        Of its couplings. Additive ones preserve volume: ``log |det J|`` = 0 everywhere. With
        rectified ones it is the twin: the same blocks and weights, and no inverse.
    hidden : (int, int)
        Channels inside the couplings, at 14 x 14 and at 7 x 7.

    Attributes
    ----------
    layers : torch.nn.ModuleList
        In the order in which they run.

    Raises
    ------
    ValueError
        From the methods, if what they are given is no batch of images, or of codes.

    References
    ----------
    Jacobsen, Smeulders and Oyallon (2018), i-RevNet: deep invertible networks.

    Examples
    --------
    >>> import torch
    >>> phi = Bijection()
    >>> x = torch.rand(2, 28, 28)
    >>> phi(x).shape, torch.allclose(phi.inverse(phi(x)), x, atol=1e-6)
    (torch.Size([2, 784]), True)
    """

    def __init__(self, kind="additive", hidden=(16, 32)):
        super().__init__()
        self.kind = kind
        layers = []
        for (channels, orders), width in zip(ORDERS.items(), hidden, strict=True):
            layers.append(Squeeze())
            for order in orders:
                layers.append(Mix(channels, order))
                layers += [Coupling(channels, width, kind, flip) for flip in (False, True)]
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        """Images (N, 28, 28) to codes (N, 784)."""
        x = _images(x)
        for layer in self.layers:
            x = layer(x)
        return x.flatten(1)

    def with_logdet(self, x):
        """Codes (N, 784), and ``log |det J|`` at each image (N,): 0 if couplings are additive."""
        x = _images(x)
        total = x.new_zeros(len(x))
        for layer in self.layers:
            if isinstance(layer, Coupling):
                x, logdet = layer.with_logdet(x)
                total = total + logdet
            else:
                x = layer(x)
        return x.flatten(1), total

    def inverse(self, z):
        """Codes (N, 784) to images (N, 28, 28): every code is that of one image."""
        if z.ndim != 2 or z.shape[1] != 784:
            raise ValueError(f"z: expected codes of shape (N, 784), got {tuple(z.shape)}")
        x = z.reshape(-1, 16, 7, 7)
        for layer in reversed(self.layers):
            x = layer.inverse(x)
        return x.reshape(-1, 28, 28)


def _images(x):
    if tuple(x.shape[1:]) not in ((28, 28), (1, 28, 28)):
        raise ValueError(f"x: expected images of shape (N, 28, 28), got {tuple(x.shape)}")
    return x.reshape(-1, 1, 28, 28)


class Classifier(nn.Module):
    """A bijection, then one linear readout: all that it loses is the null space of one matrix.

    Parameters
    ----------
    bijection : torch.nn.Module
        From images (N, 28, 28) to codes (N, 784), with an `inverse`.
    readout : torch.nn.Linear
        From codes to outputs.

    Examples
    --------
    >>> import torch
    >>> classifier = Classifier(Bijection(), nn.Linear(784, 10))
    >>> classifier(torch.rand(2, 28, 28)).shape
    torch.Size([2, 10])
    >>> sum(parameter.numel() for parameter in classifier.parameters())
    43806
    """

    def __init__(self, bijection, readout):
        super().__init__()
        self.bijection, self.readout = bijection, readout

    def forward(self, x):
        """Images (N, 28, 28) to outputs (N, 10)."""
        return self.readout(self.bijection(x))
