"""ResNet18 before training, with other widths or other biases: what decides where it loses."""

from vslib import layers, networks

__all__ = ["ALTERED", "altered"]

# Channels of its four stages over those of ResNet18, and what is added to biases before one ReLU.
ALTERED = {
    "ResNet18": (1, 0),
    "half as wide": (0.5, 0),
    "twice as wide": (2, 0),
    "biases raised": (1, 3),
}


def altered(kind, seed=0):
    """ResNet18 with its first weights, changed in one thing; taps that meet only zeros left out.

    Parameters
    ----------
    kind : {"ResNet18", "half as wide", "twice as wide", "biases raised"}
        As it is; with half or twice the channels from its first stage on; with 3 added to the 256
        biases whose sum with the shortcut the last ReLU of layer3.0 is given.
    seed : int

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    ValueError
        If the kind is none of these.

    Examples
    --------
    >>> altered("half as wide").fc
    Linear(in_features=256, out_features=10, bias=True)
    """
    if kind not in ALTERED:
        raise ValueError(f"kind: expected one of {', '.join(ALTERED)}, got {kind!r}")
    wide, raised = ALTERED[kind]
    made = networks.build("resnet18", seed=seed)
    if wide != 1:
        made = _as_wide(made, wide, seed)
    made.eval().requires_grad_(False)
    made.layer3[0].bn2.bias += raised
    return layers.crop_unseen_taps(made, (28, 28))[0]


def _as_wide(made, wide, seed):
    """ResNet18's first layers, and behind them stages of another width."""
    import torch
    from torchvision.models.resnet import BasicBlock, ResNet

    class Wide(ResNet):
        def _make_layer(self, block, planes, *given, **named):
            return super()._make_layer(block, int(wide * planes), *given, **named)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        other = Wide(BasicBlock, [2, 2, 2, 2], num_classes=10)
        made.fc = torch.nn.Linear(int(512 * wide), 10)
    for stage in ("layer1", "layer2", "layer3", "layer4"):
        setattr(made, stage, getattr(other, stage))
    return made
