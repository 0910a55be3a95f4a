"""The network that has no inverse in mind: as large and as deep as said, and trained alike."""

import torch

from vslib import networks


def test_adds_to_all_channels_and_starts_as_the_identity():
    network = networks.build("residual")
    block, x = network[2], torch.rand(2, 4, 14, 14)
    assert (block(x) == x).all()
    torch.nn.init.normal_(block.net[-1].weight)
    torch.testing.assert_close(block(x) - x, block.net(x))


def test_has_nearly_the_weights_of_the_bijection_and_no_more():
    sizes = [sum(p.numel() for p in networks.build(n).parameters()) for n in ("residual", "twin")]
    assert 0.9 < sizes[0] / sizes[1] < 1


def test_learns_by_the_recipe_of_the_bijection():
    assert networks.RECIPES["residual"] == networks.RECIPES["bijection"]
