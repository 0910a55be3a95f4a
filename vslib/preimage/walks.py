"""Random points of a face: walks that go straight and are reflected where the face ends."""

import numpy as np

__all__ = ["billiard", "walk"]

TINY = 1e-12


def walk(face, centre, n, seed, steps):
    """Points of a bounded face, each at the end of a walk of its own that begins at the centre.

    Parameters
    ----------
    face : vslib.preimage.faces.Face
    centre : (n,) array
        A point with room around it, relative to the face's origin.
    n, seed, steps : int
        How many points, and how many walks straight and reflected for each.

    Returns
    -------
    (n, dimensions) array
        Relative to the face's origin.

    Examples
    --------
    >>> from vslib.preimage.faces import Face
    >>> interval = Face(np.empty((0, 1)), np.empty(0), np.array([[1.0], [-1.0]]), np.ones(2), 1e-6)
    >>> points = walk(interval, np.zeros(1), 100, seed=0, steps=2)
    >>> bool(np.abs(points).max() <= 1), bool(points.std() > 0.4)
    (True, True)
    """
    z, turns = np.tile(centre, (n, 1)), face.dimension + 9
    # Not the stream of the seed alone, from which the normals themselves may be drawn.
    rng, gram = np.random.default_rng([seed, face.dimension]), face.D @ face.D.T
    _, between = billiard(face, gram, np.tile(centre, (9, 1)), np.full(9, 1e6), turns, rng)
    for lengths in turns * between * rng.uniform(0.5, 1.5, (steps, n)):
        z, _ = billiard(face, gram, z, lengths, 9 * turns, rng)
    return face.along(z)


def billiard(face, gram, z, lengths, most, rng):
    """From each z that far in a random direction, and reflected by the sides of a face.

    Parameters
    ----------
    face : vslib.preimage.faces.Face
    gram : (q, q) array
        The products of the unit vectors of the face's sides.
    z : (k, n) array
    lengths : (k,) array
    most : int
        After so many reflections a walk is given up.
    rng : numpy.random.Generator

    Returns
    -------
    z : (k, n) array
        Where each walk ends, or where it began if it was given up.
    between : float
        The mean length between two reflections.

    Examples
    --------
    >>> from vslib.preimage.faces import Face
    >>> interval = Face(np.empty((0, 1)), np.empty(0), np.array([[1.0], [-1.0]]), np.ones(2), 1e-6)
    >>> gram, rng = interval.D @ interval.D.T, np.random.default_rng(0)
    >>> z, _ = billiard(interval, gram, np.zeros((1, 1)), np.array([1.5]), 9, rng)
    >>> np.abs(z).round(9)
    array([[0.5]])
    """
    v = face.along(rng.normal(size=z.shape))
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    end, left, each = z + lengths[:, None] * v, lengths.copy(), np.arange(len(z))
    room, speed, bent = face.room - z @ face.D.T, v @ face.D.T, np.zeros((len(z), len(face.D)))
    buffer, hits = np.empty_like(room), 0
    for _ in range(most):
        np.maximum(room, TINY**2, out=room)
        hit = np.divide(speed, room, out=buffer).argmax(1)
        far = np.minimum(1 / buffer[each, hit], left)
        left -= far
        room -= np.multiply(speed, far[:, None], out=buffer)
        turn = 2 * speed[each, hit] * (left > 0)
        bent[each, hit] += turn * left
        speed -= np.multiply(np.take(gram, hit, 0, out=buffer), turn[:, None], out=buffer)
        hits += np.count_nonzero(left)
        if not left.any():
            break
    arrived = (left == 0)[:, None]
    return np.where(arrived, end - bent @ face.D, z), (lengths - left).sum() / max(hits, 1)
