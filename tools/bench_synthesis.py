"""How much faster a search in batches is than one image at a time, and how long figure 3 takes.

Wanted: for fc1, the outputs of the 60,000 training images and the search for min-img at least 30
times faster than one image at a time, which is extrapolated from a sample; and all 90 syntheses
(3 networks x 3 starts x 10 digits) within two minutes on two cores.
"""

import time

import numpy as np
import torch

from vslib import mnist, networks, synthesis
from vslib.layers import taps
from vslib.networks import evaluate
from vslib.synthesis import principal_components

SAMPLE = 2000


def timed(call, *arguments, **settings):
    """What a call gives, and the seconds that it takes."""
    start = time.perf_counter()
    given = call(*arguments, **settings)
    return given, time.perf_counter() - start


def best(call, *arguments):
    """As `timed`, the shortest of five: other work on the machine only ever adds."""
    return min((timed(call, *arguments) for _ in range(5)), key=lambda pair: pair[1])


def one_by_one(network, images):
    """Outputs of images, one at a time."""
    with torch.inference_mode():
        return torch.cat([network(torch.tensor(image)[None]) for image in images])


def search_one_by_one(network, images, labels, targets):
    """For each digit the place of min-img and its distance, one image at a time."""
    found = [(np.inf, None)] * 10
    targets = torch.tensor(targets, dtype=torch.float32)
    with torch.inference_mode():
        for at, (image, label) in enumerate(zip(images, labels, strict=True)):
            output = network(torch.tensor(image)[None])
            distance = float(((output[0] - targets[label]) ** 2).mean())
            found[label] = min(found[label], (distance, at))
    return found


def search(network, images, labels, targets):
    """The same with all images in batches."""
    outputs = evaluate(network, images)
    distances = ((outputs - targets[labels]) ** 2).mean(1)
    digits = (np.flatnonzero(labels == digit) for digit in range(10))
    at = [digit[distances[digit].argmin()] for digit in digits]
    return list(zip(distances[at], at, strict=True))


def main():
    images, labels = mnist.load("train")
    fc1 = networks.load("fc1")
    more = len(images) / SAMPLE
    evaluate(fc1, images[:SAMPLE])  # torch starts
    outputs, batched = best(evaluate, fc1, images)
    _, single = best(one_by_one, fc1, images[:SAMPLE])
    print(f"outputs of {len(images)} images, fc1: one by one about {more * single:.1f} s", end=", ")
    print(f"in batches {batched:.2f} s: {more * single / batched:.0f} times faster")
    targets = synthesis.ideal_outputs(outputs)
    _, batched = best(search, fc1, images, labels, targets)
    found, single = best(search_one_by_one, fc1, images[:SAMPLE], labels[:SAMPLE], targets)
    expected = search(fc1, images[:SAMPLE], labels[:SAMPLE], targets)
    assert [at for _, at in found] == [at for _, at in expected]
    print(f"search for min-img, fc1: one by one about {more * single:.1f} s", end=", ")
    print(f"in batches {batched:.2f} s: {more * single / batched:.0f} times faster")

    space, seconds = timed(principal_components, images, labels)
    print(f"principal components of each digit: {seconds:.1f} s")
    total = {"outputs and starts": seconds, "within the subspaces": 0.0, "the paper's way": 0.0}
    for name in networks.NAMES:
        # The same outputs in half the time: no taps that only meet padding, channels together.
        network, _ = taps.crop_unseen_taps(networks.load(name), images.shape[1:])
        network = network.to(memory_format=torch.channels_last)
        outputs, asked = timed(evaluate, network, images)
        targets = synthesis.ideal_outputs(outputs)
        starts, sought = timed(synthesis.starting_images, images, labels, outputs, targets)
        settings = {"within the subspaces": {"within": space}, "the paper's way": synthesis.PAPER}
        for way, chosen in settings.items():
            _, seconds = timed(
                synthesis.synthesize, network, starts, targets, progress=False, **chosen
            )
            total[way] += seconds
            print(f"{name:9} 30 syntheses {way}: {seconds:.1f} s")
        total["outputs and starts"] += asked + sought
        print(f"{name:9} outputs {asked:.1f} s, starting images {sought:.1f} s")
    print(f"all 90 syntheses: {', '.join(f'{way} {s:.1f} s' for way, s in total.items())}")
    print(f"  {sum(total.values()):.1f} s together, on {torch.get_num_threads()} threads")


if __name__ == "__main__":
    main()
