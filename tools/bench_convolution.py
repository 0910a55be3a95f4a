"""How much faster the spectrum of a convolution is than a dense SVD, as ratios in one run.

Wanted: a circular 64 -> 64, 3 x 3 layer at 28 x 28 at least 100 times faster than the dense SVD,
extrapolated by the cube of its size from 7 x 7; and the zero-padded layer at 7 x 7 at least 2.5
times faster than NumPy's SVD of the same matrix, equal to 1e-8 of the largest value.
"""

import time

import numpy as np

from vslib.convolution import ConvOperator


def timed(call):
    """Seconds that a call takes, and what it gives."""
    start = time.perf_counter()
    given = call()
    return time.perf_counter() - start, given


def main():
    weight = np.random.default_rng(0).normal(size=(64, 64, 3, 3)).astype(np.float32) / 24
    zeros = ConvOperator(weight, (64, 7, 7), padding=1)
    matrix = zeros.matmat(np.eye(zeros.shape[1]))
    dense, expected = timed(lambda: np.linalg.svd(matrix, compute_uv=False))
    exact, spectrum = timed(zeros.singular_values)
    error = np.abs(spectrum.values - expected).max() / expected[0]
    print(f"zero padding, 3136 x 3136: dense SVD {dense:.1f} s, here {exact:.1f} s")
    print(f"  {dense / exact:.1f} times faster, apart by {error:.0e} of the largest")
    circular = ConvOperator(weight, (64, 28, 28), padding=1, padding_mode="circular")
    fourier, _ = timed(circular.singular_values)
    extrapolated = dense * (28 / 7) ** 6
    print(f"circular, 50176 x 50176: dense SVD about {extrapolated:.0f} s, here {fourier:.2f} s")
    print(f"  about {extrapolated / fourier:.0f} times faster")


if __name__ == "__main__":
    main()
