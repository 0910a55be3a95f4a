"""Any matrix, any vector, and norms that neither overflow nor underflow: what hypothesis draws."""

import contextlib
import resource
import tracemalloc
from pathlib import Path

import hypothesis.extra.numpy as hnp
import numpy as np
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

settings.register_profile(
    "vslib",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("vslib")

EPS = np.finfo(np.float64).eps
LONGEST = 9

FORMS = {
    "float64": np.asarray,
    "float32": lambda a: a.astype(np.float32),
    "float16": lambda a: a.astype(np.float16),
    "Fortran order": np.asfortranarray,
    "a view with strides": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "nested lists": lambda a: a.tolist(),
    "torch float64": lambda a: torch.tensor(a),
    "torch float32, requiring a gradient": lambda a: torch.tensor(a).float().requires_grad_(),
    "torch float16": lambda a: torch.tensor(a).half(),
    "torch bfloat16": lambda a: torch.tensor(a).bfloat16(),
    "integers": lambda a: np.rint(3 * a).astype(np.int64),
    "small unsigned integers": lambda a: np.rint(9 * abs(a)).astype(np.uint8),
    "booleans": lambda a: a > 0,
    "torch integers": lambda a: torch.tensor(np.rint(3 * a)).long(),
    "torch booleans": lambda a: torch.tensor(a > 0),
}


def norm(a, axis=None):
    """Euclidean (Frobenius) norm of numbers of any magnitude."""
    largest = np.abs(a).max() if a.size else 0
    return (
        largest * np.linalg.norm(a / largest, axis=axis) if largest else np.zeros_like(a).sum(axis)
    )


@contextlib.contextmanager
def little_memory():
    """Gives a function that says how many bytes arrays have taken at most, since the beginning.

    Where Linux counts pages, 2 GB more than now are all there is: code that takes too much is
    stopped, and not the machine.
    """
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2 * 10**9, limits[1]))
    tracemalloc.start()
    try:
        yield lambda: tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        resource.setrlimit(resource.RLIMIT_AS, limits)


def dense(a):
    """What was given, whatever its form, as a float64 NumPy array."""
    if isinstance(a, torch.Tensor):
        a = a.detach().double().numpy()
    return np.asarray(a).astype(np.float64)


def lengths(longest=LONGEST):
    return st.integers(1, longest)


def entries(shape):
    """Entries in [-1, 1], often equal, often zero; none that scaling would make subnormal."""
    numbers = hnp.arrays(np.float64, shape, elements=st.floats(-1, 1, width=16))
    return numbers.map(lambda a: np.where(np.abs(a) < 1e-4, 0.0, a))


@st.composite
def plain_matrices(draw, shape=None):
    """Entries of order 1: free ones, or a product of thin factors, and so rank-deficient."""
    m, n = shape or draw(st.tuples(lengths(), lengths()))
    if draw(st.booleans()):
        return draw(entries((m, n)))
    r = draw(st.integers(0, min(m, n)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.normal(size=(m, r)) @ rng.normal(size=(r, n)) / max(r, 1)


@st.composite
def float_matrices(draw, shape=None):
    """As `plain_matrices`, and badly scaled: as a whole, row by row or column by column."""
    matrix = draw(plain_matrices(shape))
    m, n = matrix.shape
    powers = draw(
        st.sampled_from([1, m, n]).flatmap(
            lambda k: st.lists(st.integers(-150, 150), min_size=k, max_size=k)
        )
    )
    scales = 10.0 ** np.array(powers)
    return matrix * (scales[:, None] if len(scales) == m else scales)


@st.composite
def matrices(draw):
    """Any matrix that may be given, in any form: those of `float_matrices` among them."""
    form = draw(st.sampled_from(["as it is", *FORMS]))
    if form == "as it is":
        return draw(float_matrices())
    return FORMS[form](draw(plain_matrices()))


@st.composite
def vectors(draw, length):
    """One vector or a few, of any magnitude; in axes of their own where they are a few."""
    batch = draw(st.sampled_from([(), (1,), (3,), (2, 2)]))
    scale = 10.0 ** draw(st.integers(-150, 150))
    return scale * draw(entries((*batch, length)))


@st.composite
def matrices_with_input(draw):
    W = draw(matrices())
    return W, draw(vectors(dense(W).shape[1]))


@st.composite
def matrices_with_output(draw):
    W = draw(matrices())
    return W, draw(vectors(dense(W).shape[0]))


@st.composite
def clear_ranks(draw):
    """A matrix of a known rank r, its nonzero singular values between 1 and 10, and r."""
    m, n = draw(lengths(30)), draw(lengths(30))
    r = draw(st.integers(0, min(m, n)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    u, v = (np.linalg.qr(rng.normal(size=(k, k)))[0][:, :r] for k in (m, n))
    return (u * rng.uniform(1, 10, r)) @ v.T, r


@contextlib.contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


# What a caller may have set around a call, none of which may change an answer.
AROUND = {
    "nothing": contextlib.nullcontext,
    "inference mode": torch.inference_mode,
    "no grad": torch.no_grad,
    "default float64": lambda: default_dtype(torch.float64),
    "default bfloat16": lambda: default_dtype(torch.bfloat16),
    "autocast": lambda: torch.autocast("cpu", torch.bfloat16),
}
