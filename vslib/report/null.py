"""Networks that learnt nothing: torchvision's architectures with random weights."""

import numpy as np

__all__ = ["ARCHITECTURES", "enlarged", "random_network"]

ARCHITECTURES = ("resnet18", "mobilenet_v3_small", "squeezenet1_1", "shufflenet_v2_x0_5")
ARCHITECTURES += ("regnet_y_400mf", "convnext_tiny", "vit_b_16")
SIDE = 64  # pixels of the images that they are shown


def random_network(name, seed=0, side=SIDE):
    """An architecture of torchvision, as it is before training.

    Parameters
    ----------
    name : str
        One of `ARCHITECTURES`, or another that takes images.
    seed : int
    side : int
        Of the images that it is to take.

    Returns
    -------
    torch.nn.Module

    Examples
    --------
    >>> sum(parameter.numel() for parameter in random_network("squeezenet1_1").parameters())
    1235496
    """
    import torch
    import torchvision

    # The others take images of any size.
    options = {"image_size": side} if name.startswith("vit") else {}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return getattr(torchvision.models, name)(weights=None, **options).eval()


def enlarged(images, side=SIDE):
    """Grey images as (N, 3, side, side), float32, by linear interpolation.

    Examples
    --------
    >>> enlarged(np.ones((2, 28, 28), np.float32)).shape
    torch.Size([2, 3, 64, 64])
    """
    import torch

    x = torch.from_numpy(np.array(images))[:, None]
    x = torch.nn.functional.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)
    return x.expand(-1, 3, -1, -1).contiguous()
