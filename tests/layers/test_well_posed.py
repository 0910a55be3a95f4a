"""The contract of a layer's matrix, over all kinds of layers, dtypes and readings."""

import copy

import numpy as np
import pytest
import torch
from kinds import DTYPES, KINDS, UNTOLD, made, network
from numpy.testing import assert_allclose, assert_array_equal

from vslib import arrays
from vslib.layers import matrices

READINGS = ("kernels", "filters")
every_kind = pytest.mark.parametrize("kind", KINDS)
every_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=str)
every_reading = pytest.mark.parametrize("reading", READINGS)


def state(module):
    """All that a module holds: its numbers, modes, flags, gradients, hooks and attributes."""
    return [
        (
            name,
            part.training,
            sorted(vars(part)),
            [len(getattr(part, hooks)) for hooks in ("_forward_hooks", "_forward_pre_hooks")],
            [
                (key, id(t), t.clone(), t.requires_grad, t.grad is None, t._version)
                for key, t in (*part.named_parameters(), *part.named_buffers())
            ],
        )
        for name, part in module.named_modules()
    ]


def assert_same(one, other):
    assert [entry[:4] for entry in one] == [entry[:4] for entry in other]
    for a, b in zip(one, other, strict=True):
        for left, right in zip(a[4], b[4], strict=True):
            assert left[:2] == right[:2] and left[3:] == right[3:]
            assert torch.equal(left[2], right[2])


@every_kind
@every_dtype
def test_the_matrix_times_the_input_is_what_the_layer_gives(kind, dtype):
    module, check = made(kind, dtype), KINDS[kind][1]
    found = matrices(module, "filters", embeddings=True)
    with torch.no_grad():
        got, expected = check(copy.deepcopy(module).double().eval(), found)
    assert_allclose(got, expected.reshape(got.shape), rtol=0, atol=1e-12)
    assert all(layer.source == "weight" for layer in found.values())


@every_kind
@every_dtype
@every_reading
def test_the_weights_are_the_numbers_of_the_network_and_keep_their_precision(kind, dtype, reading):
    module = made(kind, dtype)
    found = matrices(module, reading, embeddings=True)
    numbers = np.concatenate([p.detach().double().ravel() for p in module.parameters()])
    read = [layer.values.ravel() for layer in found.values()]
    read += [layer.bias for layer in found.values() if layer.bias is not None]
    assert np.isin(np.concatenate(read), numbers).all()
    short = dtype != torch.float64
    assert {layer.precision for layer in found.values()} == {2.0 ** (-23 if short else -52)}
    assert all(arrays.precision(layer) == layer.precision for layer in found.values())


@every_kind
@every_dtype
@every_reading
def test_a_module_and_its_state_dict_agree(kind, dtype, reading):
    module = made(kind, dtype)
    found = matrices(module, reading, embeddings=True)
    stored = matrices(module.state_dict(), reading)
    assert list(stored) == list(found)
    if kind in UNTOLD:
        assert all("nothing tells it" in layer.source for layer in stored.values())
        return
    for name, layer in found.items():
        assert_array_equal(stored[name].values, layer.values)
        assert stored[name].precision == layer.precision
        if layer.reading != "table":
            assert stored[name] == layer


@every_kind
@every_dtype
@every_reading
def test_reading_changes_nothing(kind, dtype, reading):
    module = made(kind, dtype).train()
    for parameter in list(module.parameters())[:1]:
        parameter.requires_grad_(False)
    before, drawn = state(module), torch.get_rng_state()
    first = matrices(module, reading, embeddings=True)
    second = matrices(module, reading, embeddings=True)
    assert_same(before, state(module))
    assert torch.equal(drawn, torch.get_rng_state())
    assert first == second and first.skipped == second.skipped


@pytest.mark.parametrize("embeddings", [False, True])
def test_every_weight_is_accounted_for(embeddings):
    whole = network()
    found = matrices(whole, "filters", embeddings)
    read = sum(
        layer.values.size + (0 if layer.bias is None else layer.bias.size)
        for layer in found.values()
    )
    skipped = [
        name
        for name, _ in whole.named_parameters()
        if any(name == each or name.startswith(f"{each}.") for each in found.skipped)
    ]
    sizes = {name: p.numel() for name, p in whole.named_parameters()}
    assert read + sum(sizes[name] for name in skipped) == sum(sizes.values())
    assert not set(found) & set(found.skipped)
    assert all(reason for reason in found.skipped.values())
    tables = [key for key, why in found.skipped.items() if "embeddings=True" in why]
    assert len(tables) == (0 if embeddings else 2)


def test_every_array_of_a_state_dict_is_accounted_for():
    whole = network()
    found = matrices(whole.state_dict(), "filters")
    arrays_of = {key: value for key, value in whole.state_dict().items() if value.ndim}
    read = sum(
        layer.values.size + (0 if layer.bias is None else layer.bias.size)
        for layer in found.values()
    )
    skipped = sum(
        value.numel()
        for key, value in arrays_of.items()
        if any(key == each or key.startswith(f"{each}.") for each in found.skipped)
    )
    assert read + skipped == sum(value.numel() for value in arrays_of.values())


@every_dtype
def test_in_inference_mode_and_with_another_default_dtype(dtype):
    default = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        for kind in KINDS:
            expected = matrices(made(kind, dtype), embeddings=True)
            with torch.inference_mode():
                module = made(kind, dtype)
                assert matrices(module, embeddings=True) == expected
            assert matrices(module, embeddings=True) == expected
    finally:
        torch.set_default_dtype(default)
