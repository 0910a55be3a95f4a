"""A change of weights, scaled or in a random direction: what spectra and inputs tell of it."""

import numpy as np
import pytest
import torch

from vslib import mnist, networks, report


def pair():
    torch.manual_seed(0)
    return [torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.Linear(4, 3)) for _ in range(2)]


def test_the_change_is_scaled_and_the_rest_stays():
    network, start = pair()
    made = report.changed(network, start, factor=3)
    for one, now, first in zip(made, network, start, strict=True):
        want = first.weight + 3 * (now.weight - first.weight)
        assert torch.allclose(one.weight, want, atol=1e-6) and torch.equal(one.bias, now.bias)
    assert torch.equal(network[0].weight, pair()[0][0].weight)
    same = report.changed(network, start)
    assert torch.allclose(same[1].weight, network[1].weight, atol=1e-6)


def test_a_random_change_has_the_norm_and_not_the_direction():
    network, start = pair()
    made, again, other = (report.changed(network, start, seed=seed) for seed in (0, 0, 1))
    for one, same, third, now, first in zip(made, again, other, network, start, strict=True):
        moved, ours = one.weight - first.weight, now.weight - first.weight
        assert moved.norm().item() == pytest.approx(ours.norm().item(), rel=1e-5)
        assert not torch.allclose(moved, ours, atol=1e-2)
        assert torch.equal(one.weight, same.weight) and not torch.equal(one.weight, third.weight)


def test_other_parameters_are_refused():
    with pytest.raises(ValueError, match="start: expected the parameters of the network"):
        report.changed(torch.nn.Linear(3, 2), torch.nn.Linear(2, 3))


SPECTRA = ("stable rank", "effective rank", "condition number", "s1", "above")


def told(family, **how):
    """How far each column tells the network from five untrained ones, pooled."""
    start = networks.build(family, networks.card(family)["seed"])
    made = report.changed(networks.load(family), start, **how)
    ones = [{"rows": report.rows_of(made, mnist.load("test")[0][:256])}]
    untrained = report.select(family, "untrained")
    columns = (*SPECTRA, "rejected_centred")
    found = {column: report.apart(ones, untrained, column)["pooled"] for column in columns}
    return np.array([found[column] for column in SPECTRA]), found["rejected_centred"]


def test_what_is_small_hides_from_spectra_and_what_is_aimed_is_found_by_inputs():
    """Chapter 10 says so of ResNet18: here is what would refute it."""
    spectra, inputs = told("resnet18")
    assert abs(spectra - 0.5).max() < 0.1 and inputs > 0.99
    spectra, inputs = told("resnet18", factor=3)  # not small: the spectra know it
    assert abs(spectra - 0.5).min() > 0.15 and inputs > 0.99
    spectra, inputs = told("resnet18", seed=0)  # small, and not aimed: nothing knows it
    assert abs(spectra - 0.5).max() < 0.1 and abs(inputs - 0.5) < 0.1
    spectra, inputs = told("fc5")
    assert abs(spectra - 0.5).min() > 0.25 and inputs > 0.99
    spectra, inputs = told("fc5", seed=0)  # large, and not aimed: two spectra know it
    assert spectra[3:].min() > 0.7 and inputs < 0.6
    spectra, inputs = told("fc5", factor=0.1)  # made small: hidden too, and found by inputs
    assert abs(spectra - 0.5).max() < 0.1 and inputs > 0.9
