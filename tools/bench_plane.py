"""What the exact map of a plane costs, beside asking the network at every dot of a picture.

Wanted: the polygons of relu3 on a plane in less time than the answers at 600 x 600 dots, which
name no cell and no line.
"""

import time

import numpy as np

from vslib import layers, mnist, networks
from vslib.preimage import plane_regions

DOTS = 600
TIMES = 5


def best(call):
    """The least processor seconds of a few calls, and what the last gave."""
    seconds = []
    for _ in range(TIMES):
        start = time.process_time()
        given = call()
        seconds.append(time.process_time() - start)
    return min(seconds), given


def main():
    images, labels = mnist.load("test")
    corners = images[[np.flatnonzero(labels == digit)[0] for digit in (7, 2, 1)]]
    matrices = layers.matrices(networks.weights("relu3")).values()
    pairs = [(matrix.values, matrix.bias) for matrix in matrices]
    ours, plane = best(lambda: plane_regions(pairs, corners))
    steps = np.linspace(plane.window[0, 0], plane.window[2, 0], DOTS)
    dots = plane.inputs(np.stack(np.meshgrid(steps, steps), -1).reshape(-1, 2))

    def ask():
        x = dots
        for W, b in pairs[:-1]:
            x = np.maximum(x @ W.T + b, 0)
        return (x @ pairs[-1][0].T + pairs[-1][1]).argmax(1)

    theirs, _ = best(ask)
    count = len(plane.regions)
    print(f"the plane of relu3: {count} polygons, {count / ours:.0f} a second of one processor;")
    print(f"  {theirs / ours:.1f} times faster than the answers at {DOTS} x {DOTS} dots")


if __name__ == "__main__":
    main()
