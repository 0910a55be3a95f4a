"""What the four subspaces and chance cost, as ratios in one run.

Wanted: `Subspaces` of a square matrix in at most 1.3 times NumPy's SVD of it, and 1,000 draws of
`chance` for 768 x 768 in at most 3 s on an idle machine, where all values of each draw took 25.
"""

import sys
import time

import numpy as np

from vslib import Subspaces, chance


def timed(call):
    """Seconds that a call takes, and what it gives."""
    start = time.perf_counter()
    given = call()
    return time.perf_counter() - start, given


def main(size=2048):
    W = np.random.default_rng(0).normal(size=(size, size))
    plain, _ = timed(lambda: np.linalg.svd(W, full_matrices=False))
    ours, _ = timed(lambda: Subspaces(W))
    print(f"Subspaces of {size} x {size}: {ours / plain:.2f} times numpy.linalg.svd, {plain:.1f} s")
    W = W[:768, :768]
    few, drawn = timed(lambda: chance(W).condition_numbers)
    dense, _ = timed(lambda: [np.linalg.svd(W, compute_uv=False) for _ in range(5)])
    print(f"chance of 768 x 768: {len(drawn)} draws in {few:.1f} s, {200 * dense / few:.0f} times")
    print("  faster than dense random matrices (extrapolated from 5)")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
