"""All bad input in tables: what works by a written rule, and what raises which ValueError."""

import functools
import itertools
import re
import tempfile
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from numpy.testing import assert_allclose, assert_array_equal

from vslib import Subspaces, layers, mnist, networks, project, spaces
from vslib.arrays import labelled, real_array

W = np.array([[2.0, 1, 0, 3], [1, 0, 1, 1], [0, 4, 1, 2]])
S = Subspaces(W)
IMAGES = np.arange(20 * 28 * 28.0).reshape(20, 28, 28) % 2
LABELS = np.arange(20.0) % 10


def train(data):
    with tempfile.TemporaryDirectory() as folder:
        return networks.train("fc1", folder, epochs=1, data=data)["history"]


def accuracy(images, labels):
    return networks.accuracy(networks.build("fc1"), images, labels)


COPIES = np.arange(2 * 10 * 7.0).reshape(2, 10, 7) % 3


PIXELS = IMAGES[:, 0, :7]


def descend(W=COPIES, b=COPIES[..., 0], images=PIXELS, labels=LABELS):
    return networks.descend(W, b, images, labels, epochs=1)


class Elsewhere:
    """What a tensor on a graphics card allows: to be detached and moved, before anything else."""

    def __init__(self, a):
        self.tensor = torch.tensor(a)

    def detach(self):
        return self

    def cpu(self):
        return self.tensor


# What is called, and a good argument for it: whole numbers, which every dtype can hold.
CALLS = {
    "real_array": (lambda a: real_array(a, "a"), W),
    "Subspaces(W)": (lambda a: Subspaces(a).signal_vectors, W),
    "split(x)": (S.split, W),
    "split_out(y)": (S.split_out, W.T),
    "rejected_energy(x)": (S.rejected_energy, W),
    "preimage(y)": (S.preimage, W.T),
    "project(x, .)": (lambda a: project(a, W), W),
    "project(., w)": (lambda a: project(W, a), W),
    "effective_rank": (spaces.effective_rank, np.array([5.0, 3, 2, 0])),
    "stable_rank": (spaces.stable_rank, np.array([5.0, 3, 2, 0])),
    "participation_ratio": (spaces.participation_ratio, np.array([5.0, 3, 2, 0])),
    "chance(W)": (lambda a: spaces.chance(a, draws=3).singular_values, W),
    "two_sided_p(draws, .)": (lambda a: spaces.two_sided_p(a, 2.5), np.array([5.0, 3, 2, 0])),
    "augmented(W, .)": (lambda a: layers.augmented(a, [1, 2, 3]), W),
    "augmented(., b)": (lambda a: layers.augmented(W, a), W[:, 0]),
    "matrices(weight)": (lambda a: layers.matrices({"layer.weight": a})["layer"].values, W),
    "matrices(bias)": (
        lambda a: layers.matrices({"layer.weight": W, "layer.bias": a})["layer"].bias,
        W[:, 0],
    ),
    "labelled(images, .)": (lambda a: labelled(a, LABELS), IMAGES),
    "labelled(., labels)": (lambda a: labelled(IMAGES, a), LABELS),
    "class_averages(images, .)": (lambda a: mnist.class_averages(a, LABELS), IMAGES),
    "class_averages(., labels)": (lambda a: mnist.class_averages(IMAGES, a), LABELS),
    "accuracy(images, .)": (lambda a: accuracy(a, LABELS), IMAGES),
    "accuracy(., labels)": (lambda a: accuracy(IMAGES, a), LABELS),
    "train(images, .)": (lambda a: train([(a, LABELS), (IMAGES, LABELS)]), IMAGES),
    "train(., labels)": (lambda a: train([(IMAGES, a), (IMAGES, LABELS)]), LABELS),
    "train(validation images, .)": (lambda a: train([(IMAGES, LABELS), (a, LABELS)]), IMAGES),
    "train(., validation labels)": (lambda a: train([(IMAGES, LABELS), (IMAGES, a)]), LABELS),
}

CALLS |= {
    "descend(W, .)": (lambda a: descend(W=a)[0], COPIES),
    "descend(b, .)": (lambda a: descend(b=a)[1], COPIES[..., 0]),
    "descend(images, .)": (lambda a: descend(images=a)[0], PIXELS),
    "descend(., labels)": (lambda a: descend(labels=a)[0], LABELS),
}

# Other forms of the same numbers: each works, and gives exactly what float64 gives.
FORMS = {
    **{
        kind: lambda a, kind=kind: a.astype(kind)
        for kind in ("float16", "float32", "longdouble", "int8", "int64", "uint8", ">f8", ">i4")
    },
    "lists": lambda a: a.tolist(),
    "lists of whole numbers": lambda a: a.astype(int).tolist(),
    "a tuple of arrays": tuple,
    "a list of torch tensors": lambda a: list(torch.tensor(a)),
    "Fortran order": np.asfortranarray,
    "a view with strides": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "masked, none of it": np.ma.array,
    "object with an array": lambda a: pd.array(a.ravel()).to_numpy().reshape(a.shape),
    "read-only": lambda a: np.broadcast_to(a, a.shape),
    **{
        f"torch {kind}": lambda a, kind=kind: torch.tensor(a).to(kind)
        for kind in (
            torch.float64,
            torch.float32,
            torch.float16,
            torch.bfloat16,
            torch.int64,
            torch.uint8,
        )
    },
    "torch float8": lambda a: torch.tensor(a).to(torch.float8_e4m3fn),
    "a list of tensors that NumPy lacks": lambda a: list(torch.tensor(a).bfloat16()),
    "a list of tensors with gradients": lambda a: list(torch.tensor(a).requires_grad_()),
    "torch, quantised": lambda a: torch.quantize_per_tensor(
        torch.tensor(a).float(), 1.0, 0, torch.qint32
    ),
    "torch, negated lazily": lambda a: (
        torch.complex(0 * torch.tensor(a), -torch.tensor(a)).conj().imag
    ),
    "torch, requiring a gradient": lambda a: torch.tensor(a).requires_grad_(),
    "torch, on another device": Elsewhere,
    "a layer of a network": lambda a: layers.LayerMatrix("layer", "weight", a, None, ()),
}
# Never numbers for any function: each raises a ValueError with these words.
NEVER = {
    "NaN": (lambda a: put(a, np.nan), "expected finite numbers, got 1 NaN or infinite of {size}"),
    "infinity": (lambda a: put(a, np.inf), "finite numbers, got 1 NaN or infinite of {size}"),
    "minus infinity": (lambda a: put(a, -np.inf), "finite numbers, got 1 NaN or infinite"),
    "all NaN": (lambda a: a * np.nan, "finite numbers, got {size} NaN or infinite of {size}"),
    "NaN in float16": (lambda a: put(a, np.nan).astype("f2"), "finite numbers, got 1 NaN"),
    "NaN in a list": (lambda a: put(a, np.nan).tolist(), "finite numbers, got 1 NaN"),
    "NaN in torch": (lambda a: torch.tensor(put(a, np.nan)), "finite numbers, got 1 NaN"),
    "beyond float64": (lambda a: put(a, np.longdouble("1e400")), "finite numbers, got 1 NaN"),
    "complex": (lambda a: a + 0j, "expected real numbers, got dtype complex128"),
    "complex lists": (lambda a: (a + 1j).tolist(), "real numbers, got dtype complex128"),
    "torch complex": (lambda a: torch.tensor(a + 1j), "real numbers, got dtype complex128"),
    "torch conjugate": (
        lambda a: torch.tensor(a + 1j).conj(),
        "real numbers, got dtype complex128",
    ),
    "strings": (lambda a: a.astype(str), "expected real numbers, got dtype <U"),
    "bytes": (lambda a: a.astype(bytes), "expected real numbers, got dtype |S"),
    "objects": (lambda a: a.astype(object), "expected real numbers, got dtype object"),
    "fields": (lambda a: np.zeros(a.shape, "f8,f8"), "expected real numbers, got dtype [("),
    "dates": (
        lambda a: np.full(a.shape, np.datetime64(datetime(2024, 1, 1))),
        "expected real numbers, got dtype datetime64",
    ),
    "nothing": (lambda a: None, "expected real numbers, got dtype object"),
    "text": (lambda a: "text", "expected real numbers, got dtype <U4"),
    "a dictionary": (lambda a: {"a": a}, "expected real numbers, got dtype object"),
    "a function": (lambda a: np.sum, "expected real numbers, got dtype object"),
    "a sparse matrix": (
        lambda a: scipy.sparse.coo_array(a.reshape(len(a), -1)),
        "expected real numbers, got dtype object",
    ),
    "a sparse torch tensor": (
        lambda a: torch.tensor(a).to_sparse(),
        "got a Tensor that is none (it is not dense but of layout torch.sparse_coo; give its to",
    ),
    "a tensor without numbers": (
        lambda a: torch.tensor(a).to("meta"),
        "got a Tensor that is none (it is on the device meta, where tensors hold no numbers)",
    ),
    "a tensor of another layout": (
        lambda a: torch.tensor(a).float().to_mkldnn(),
        "got a Tensor that is none (it is not dense but of layout torch._mkldnn; give its to",
    ),
    "a nested tensor": (
        lambda a: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
        "got a Tensor that is none (it is nested; give",
    ),
    "a parameter that is lazy": (
        lambda a: torch.nn.LazyLinear(3).weight,
        "got a UninitializedParameter that is none",
    ),
    "masked entries": (
        lambda a: np.ma.array(a, mask=np.arange(a.size).reshape(a.shape) == 1),
        "expected numbers, got 1 masked entries of {size}",
    ),
    "a table with words": (
        lambda a: pd.DataFrame({"a": [1.0], "b": ["text"]}),
        "expected real numbers, got dtype object",
    ),
    "ragged lists": (
        lambda a: [[1.0, 2.0], [3.0]],
        "expected an array of real numbers, got a list that is none",
    ),
    "a scalar": (lambda a: 3.0, "got shape ()"),
    "a NumPy scalar": (lambda a: np.float64(3), "got shape ()"),
    "a torch scalar": (lambda a: torch.tensor(3.0), "got shape ()"),
    "nothing in a list": (lambda a: [], "got shape (0,)"),
    "no rows": (lambda a: a[:0], "got shape {no_rows}"),
    "no columns": (lambda a: a[..., :0], "got shape {no_columns}"),
}


def put(a, value):
    changed = a.astype(np.result_type(a, value))
    changed.flat[-1] = value
    return changed


# A parameter that has axes, but fewer than 2 of them, is no layer.
OTHER_WORDS = {
    ("matrices(weight)", kind): "model: expected linear or convolutional layers, got none"
    for kind in ("a NumPy scalar", "a torch scalar")
}
NO_BIAS = ("matrices(bias)", "nothing")
# Training is slow beside the rest, and takes arrays by the rule of `labelled`.
SOME_FORMS = ("float16", "int64", "lists", "torch torch.float32", "a view with strides")


@functools.cache
def expected(call):
    function, good = CALLS[call]
    return function(good)


def same(got, wanted):
    if isinstance(wanted, tuple):
        for one, other in zip(got, wanted, strict=True):
            same(one, other)
    elif isinstance(wanted, np.ndarray):
        assert got.dtype == wanted.dtype
        assert_array_equal(got, wanted)
    else:
        assert got == wanted


@pytest.mark.parametrize(
    "call, form",
    [
        (call, form)
        for call, form in itertools.product(CALLS, FORMS)
        if form in SOME_FORMS or not call.startswith("train")
    ],
)
def test_other_forms_of_the_same_numbers_give_the_same(call, form):
    function, good = CALLS[call]
    same(function(FORMS[form](good)), expected(call))


@pytest.mark.parametrize(
    "call, kind", [row for row in itertools.product(CALLS, NEVER) if row != NO_BIAS]
)
def test_what_is_never_an_array_of_numbers_raises(call, kind):
    function, good = CALLS[call]
    make, words = NEVER[kind]
    words = words.format(
        size=good.size, no_rows=(0, *good.shape[1:]), no_columns=(*good.shape[:-1], 0)
    )
    words = OTHER_WORDS.get((call, kind), words)
    with pytest.raises(ValueError, match=re.escape(words)):
        function(make(good))


ZERO_ROW = W * [[1], [0], [1]]
# One row a case: what is called; what it gives, or the words of the ValueError that it raises.
CASES = {
    # Wrong numbers of axes and wrong lengths.
    "a vector for W": (lambda: Subspaces([1, 2]), "W: expected 2 axes, got shape (2,)"),
    "a stack for W": (lambda: Subspaces([W]), "W: expected 2 axes, got shape (1, 3, 4)"),
    "a short x": (
        lambda: S.split([1, 2, 3]),
        "x: expected length 4 along the last axis, got shape (3,)",
    ),
    "a transposed x": (
        lambda: S.split(W.T),
        "x: expected length 4 along the last axis, got shape (4, 3)",
    ),
    "a long y": (
        lambda: S.split_out([1, 2, 3, 4]),
        "y: expected length 3 along the last axis, got",
    ),
    "a long y, to solve": (lambda: S.preimage(W), "y: expected length 3 along the last axis, got"),
    "a short x, energy": (lambda: S.rejected_energy([1]), "x: expected length 4 along the last"),
    "x and w differ": (lambda: project([1, 2], [1, 2, 3]), "x: expected length 3 along the last"),
    "a stack for w": (
        lambda: project([1, 2], [[[1, 2]]]),
        "w: expected shape (n,) or (m, n), got shape (1, 1, 2)",
    ),
    "a matrix of singular values": (
        lambda: spaces.stable_rank(W),
        "singular_values: expected 1 axis, got shape (3, 4)",
    ),
    "a vector for chance": (lambda: spaces.chance([1, 2]), "W: expected 2 axes, got shape (2,)"),
    "a vector to augment": (
        lambda: layers.augmented([1, 2], [1]),
        "W: expected 2 axes, got shape (2,)",
    ),
    "a column for b": (
        lambda: layers.augmented(W, W[:, :1]),
        "b: expected 1 axis, got shape (3, 1)",
    ),
    "a long b": (
        lambda: layers.augmented(W, W[0]),
        "b: expected length 3 along the last axis, got shape (4,)",
    ),
    "a vector for a layer": (
        lambda: layers.matrices({"a.weight": W[0]}),
        "model: expected linear or convolutional layers, got none",
    ),
    "no layers": (
        lambda: layers.matrices({}),
        "model: expected linear or convolutional layers, got none",
    ),
    "a matrix for a model": (
        lambda: layers.matrices(W),
        "model: expected a torch module or a dict of arrays, got ndarray",
    ),
    "an unknown reading": (
        lambda: layers.matrices({"a.weight": W}, "rows"),
        "reading: expected one of kernels, filters, got 'rows'",
    ),
    "fewer labels": (
        lambda: labelled(IMAGES, LABELS[1:]),
        "labels: expected 20, one for each image, got shape (19,)",
    ),
    "one-hot labels": (
        lambda: labelled(IMAGES, np.eye(20)),
        "labels: expected 1 axis, got shape (20, 20)",
    ),
    "one image, many labels": (
        lambda: accuracy(IMAGES[:1], LABELS),
        "labels: expected 1, one for each image, got shape (20,)",
    ),
    "no bias": (lambda: layers.matrices({"a.weight": W, "a.bias": None})["a"].bias is None, True),
    "a short bias": (
        lambda: layers.matrices({"a.weight": W, "a.bias": W[0, :2]}),
        "a, bias: expected length 3 along the last axis, got shape (2,)",
    ),
    "one start, not copies": (
        lambda: descend(W=COPIES[0]),
        "W: expected 3 axes, got shape (10, 7)",
    ),
    "other biases": (
        lambda: descend(b=np.ones((3, 10))),
        "expected shapes (copies, 10, n), (copies, 10), (N, n), got (2, 10, 7), (3, 10), (20, 7)",
    ),
    "nine classes": (lambda: descend(COPIES[:, 1:], COPIES[:, 1:, 0]), "got (2, 9, 7), (2, 9)"),
    "other images": (lambda: descend(images=IMAGES), "got (2, 10, 7), (2, 10), (20, 28, 28)"),
    # Zero vectors and zero matrices.
    "rank of zeros": (lambda: Subspaces(0 * W).rank, 0),
    "split by zeros": (lambda: Subspaces(0 * W).split(W), (0 * W, W)),
    "preimage of zeros": (lambda: Subspaces(0 * W).preimage([1, 2, 3]), np.zeros(4)),
    "condition of zeros": (
        lambda: Subspaces(0 * W).condition_number,
        "condition number: expected a matrix of rank 1 or more, got rank 0",
    ),
    "split of zero": (lambda: S.split(np.zeros(4)), (np.zeros(4), np.zeros(4))),
    "preimage of zero": (lambda: S.preimage(np.zeros(3)), np.zeros(4)),
    "energy of zero": (lambda: S.rejected_energy(np.zeros((2, 4))), np.zeros(2)),
    "projection of zero": (lambda: project(np.zeros(4), W), (0 * W, 0 * W)),
    "projection on zero": (
        lambda: project(W, np.zeros(4)),
        "w: expected nonzero weight vectors, got a zero one, which has no direction",
    ),
    "projection on a zero row": (
        lambda: project(W, ZERO_ROW),
        "w: expected nonzero weight vectors",
    ),
    "effective rank of zeros": (
        lambda: spaces.effective_rank([0, 0]),
        "singular_values: expected nonnegative numbers, not all zero, got a range from 0.0 to 0.0",
    ),
    "stable rank of zeros": (lambda: spaces.stable_rank([0]), "not all zero, got a range"),
    "participation of zeros": (
        lambda: spaces.participation_ratio([0]),
        "not all zero, got a range",
    ),
    "negative singular values": (
        lambda: spaces.effective_rank([2, -1]),
        "expected nonnegative numbers, not all zero, got a range from -1.0 to 2.0",
    ),
    "chance of zeros": (
        lambda: spaces.chance(0 * W),
        "W: expected a nonzero matrix, got zeros, which have no scale",
    ),
    "a zero layer": (lambda: layers.matrices({"a.weight": 0 * W})["a"].values, 0 * W),
    "zeros augmented": (lambda: layers.augmented(0 * W, np.zeros(3)), np.zeros((3, 5))),
    # Booleans are the numbers 0 and 1.
    "a boolean W": (
        lambda: Subspaces(W > 1).signal_vectors,
        Subspaces((W > 1) * 1.0).signal_vectors,
    ),
    "a boolean x": (lambda: S.split(W > 1), S.split((W > 1) * 1.0)),
    "a boolean torch x": (lambda: S.split(torch.tensor(W > 1)), S.split((W > 1) * 1.0)),
    "a boolean w": (lambda: project(W, W[0] > 1), project(W, (W[0] > 1) * 1.0)),
    "boolean singular values": (lambda: spaces.stable_rank([True, False, True]), 2.0),
    "boolean labels": (
        lambda: mnist.class_averages(IMAGES, LABELS > 0),
        "labels: expected every digit from 0 to 9, got none that is [2, 3, 4, 5, 6, 7, 8, 9]",
    ),
    # Numbers out of their range.
    "a label of 10": (
        lambda: labelled(IMAGES, LABELS + 1),
        "labels: expected digits from 0 to 9, got 10",
    ),
    "a negative label": (
        lambda: accuracy(IMAGES, LABELS - 1),
        "labels: expected integers from 0 on, got -1",
    ),
    "half a label": (
        lambda: labelled(IMAGES, LABELS / 2),
        "labels: expected digits from 0 to 9, got 0.5",
    ),
    "a digit without images": (
        lambda: mnist.class_averages(IMAGES[:9], LABELS[:9]),
        "labels: expected every digit from 0 to 9, got none that is [9]",
    ),
    "a pixel beyond float32": (
        lambda: labelled(IMAGES * 1e300, LABELS),
        "images: expected finite numbers, got",
    ),
    "rtol of 1": (lambda: Subspaces(W, rtol=1), "rtol: expected a number in [0, 1), got 1"),
    "rtol in words": (lambda: Subspaces(W, rtol="small"), "rtol: expected a number in [0, 1), got"),
    "rtol of NaN": (
        lambda: Subspaces(W, rtol=np.nan),
        "rtol: expected a number in [0, 1), got nan",
    ),
    "two rtols": (lambda: Subspaces(W, rtol=W[0]), "rtol: expected a number in [0, 1), got array"),
    "no draws": (
        lambda: spaces.chance(W, draws=0),
        "draws: expected an integer, at least 1, got 0",
    ),
    "half a draw": (lambda: spaces.chance(W, draws=2.5), "draws: expected an integer, at least 1"),
    **{
        f"a share of {bad}": (
            lambda bad=bad: spaces.rejected_share(np.array([1.0, bad]), np.array([0.0, 1])),
            "signal, rejected: expected finite numbers, got NaN or infinity",
        )
        for bad in (np.nan, np.inf, -np.inf)
    },
    "a p-value of NaN": (
        lambda: spaces.two_sided_p([1.0, 2], np.nan),
        "value: expected a number, got nan",
    ),
    "p-values of two": (lambda: spaces.two_sided_p([1.0, 2], [1, 2]), "value: expected a number"),
    "a p-value beside NaN": (
        lambda: spaces.two_sided_p([1.0, np.nan], 1),
        "draws: expected finite",
    ),
    "a condition number in words": (
        lambda: spaces.chance(W, draws=1).p_value("2"),
        "condition_number: expected 1 or more, got '2'",
    ),
    "integers that float64 holds": (
        lambda: real_array([[2**53, -(2**53), 2**62]], "W"),
        np.array([[2.0**53, -(2.0**53), 2.0**62]]),
    ),
    "an integer that float64 rounds": (
        lambda: real_array([[2**53 + 1]], "W"),
        "W: expected integers that float64 holds, as all up to 2^53, got 9007199254740993",
    ),
    "an unsigned one": (
        lambda: real_array(np.array([2**64 - 1], np.uint64), "W"),
        "expected integers that float64 holds, as all up to 2^53, got 18446744073709551615",
    ),
    "one in torch": (
        lambda: Subspaces(torch.tensor([[-(2**60) - 1, 0]])),
        "expected integers that float64 holds, as all up to 2^53, got -1152921504606846977",
    ),
    "a condition number of 0.5": (
        lambda: spaces.chance(W, draws=1).p_value(0.5),
        "condition_number: expected 1 or more, got 0.5",
    ),
    "a condition number of NaN": (
        lambda: spaces.chance(W, draws=1).p_value(np.nan),
        "condition_number: expected 1 or more, got nan",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_each_case_gives_or_raises_what_the_table_says(case):
    call, wanted = CASES[case]
    if isinstance(wanted, str):
        with pytest.raises(ValueError, match=re.escape(wanted)):
            call()
    else:
        got = call()
        for one, other in (
            zip(got, wanted, strict=True) if isinstance(wanted, tuple) else [(got, wanted)]
        ):
            assert_allclose(one, other, atol=1e-15)
