"""The convolutions of a network as operators, each at the size of the maps that it meets there."""

from vslib.convolution.modules import of
from vslib.layers import Layers, input_shapes

__all__ = ["conv_operators"]


def conv_operators(network, image_shape, padding_mode=None, rtol=None, names=None):
    """The convolutions of a network as operators, each at the size that it meets there.

    Parameters
    ----------
    network : torch.nn.Module
    image_shape : tuple of int
        Of one input of `network`, without the batch.
    padding_mode : {"zeros", "circular", "reflect", "replicate"}, optional
        By default each layer's own. Transposed convolutions know zeros only.
    rtol : float, optional
        As for `ConvOperator`.
    names : sequence of str, optional
        Of the layers; all by default, each with its weights in float64.

    Returns
    -------
    vslib.layers.Layers
        ConvOperator, or TransposedConvOperator, by name, in the order of the network; `skipped`
        names those that it does not use.

    Raises
    ------
    vslib.layers.UnknownLayerError
        If the network has, or uses, no convolution of such a name.
    ValueError
        If a layer meets inputs of several shapes, or applies another map than its kernels say.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 2, 3, stride=2))
    >>> {name: A.shape for name, A in conv_operators(network, (1, 8, 8)).items()}
    {'0': (108, 64), '2': (8, 108)}
    """
    from torch.nn.modules.conv import _ConvNd

    shapes = input_shapes(network, image_shape)
    unused = {
        name: f"{type(module).__name__}: the network does not use it"
        for name, module in network.named_modules()
        if isinstance(module, _ConvNd) and name not in shapes
    }
    known = Layers(shapes, unused)
    asked = shapes if names is None else {name: known[name] for name in names}
    return Layers(
        {
            name: of(network.get_submodule(name), shape, padding_mode, rtol)
            for name, shape in asked.items()
        },
        unused,
    )
