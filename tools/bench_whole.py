"""What the local signal spaces of whole networks cost, as ratios in one run.

Wanted: all depths of fc5 at an image within 3 times one SVD of 256 x 784, and the ledger of
ResNet18, cropped to what 28 x 28 pixels meet, within 6 s of one core.
"""

import time

import numpy as np

from vslib import mnist, whole


def best(call, times):
    """Least seconds of processor time that a call takes."""
    found = []
    for _ in range(times):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return min(found)


def main():
    image = mnist.load("test")[0][0]
    W = np.random.default_rng(0).normal(size=(256, 784))
    plain = best(lambda: np.linalg.svd(W, full_matrices=False), 9)
    fc5, resnet18 = (whole.measures.network(name) for name in ("fc5", "resnet18"))
    whole.local(fc5, image)
    ours = best(lambda: whole.local(fc5, image), 9)
    print(
        f"all depths of fc5: {ours / plain:.1f} times one SVD of 256 x 784, {1000 * plain:.0f} ms"
    )
    depths = len(whole.ledger(resnet18, image).depths)
    seconds = best(lambda: whole.ledger(resnet18, image), 1)
    print(f"ledger of ResNet18, {depths} depths: {seconds:.1f} s, {seconds / plain:.0f} such SVDs")


if __name__ == "__main__":
    main()
