"""What one builds who has no inverse in mind: blocks x + t(x) on all channels."""

__all__ = ["residual_network"]


def residual_network():
    """A network of the bijection's size, with one block for each pair of couplings.

    Squeezes and the layers within a block are those of the bijection; a block starts as the
    identity, too. It changes all channels at once, so that one stands where two couplings stood.

    Returns
    -------
    torch.nn.Module
        From images (N, 28, 28) to outputs (N, 10).

    References
    ----------
    He, Zhang, Ren and Sun (2016), Deep residual learning for image recognition.

    Examples
    --------
    >>> import torch
    >>> network = residual_network()
    >>> network(torch.zeros(2, 28, 28)).shape
    torch.Size([2, 10])
    >>> sum(parameter.numel() for parameter in network.parameters())
    40254
    """
    from torch import nn

    from vslib.bijections import Squeeze, branch

    class Block(nn.Module):
        def __init__(self, channels, hidden):
            super().__init__()
            self.net = branch(channels, hidden, channels)

        def forward(self, x):
            return x + self.net(x)

    image, blocks = nn.Unflatten(1, (1, 28)), [Block(16, 32) for _ in range(3)]
    head = [nn.Flatten(), nn.Linear(784, 10)]
    return nn.Sequential(image, Squeeze(), Block(4, 16), Squeeze(), *blocks, *head)
