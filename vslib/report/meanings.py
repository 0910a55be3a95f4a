"""The columns of a report: what each number is, and against what it is to be read."""

__all__ = ["COLUMNS", "ordered"]

COLUMNS = {
    "name": "of the matrix in the network",
    "kind": "of the module that applies it",
    "reading": "how the module's weight is a matrix: filters take a patch and give one pixel, "
    "pixels take one pixel and give a patch; as stored is the first axis against all others",
    "source": "where its numbers come from: the weight, or what the module gives for unit vectors",
    "dtype": "of the stored weight",
    "m": "outputs, of all groups together",
    "n": "inputs, of all groups together",
    "groups": "equal blocks on its diagonal, each with inputs of its own",
    "tied to": "others that share the same parameter",
    "rank": "singular values above what the precision of the stored numbers can make; at most "
    "the smaller of m and n",
    "condition number": "largest over smallest singular value that counts; 1 or more",
    "p (condition number)": "how often a random matrix of this shape is as far out, two-sided",
    "stable rank": "sum of squared singular values over the largest square; 1 to the rank",
    "effective rank": "exponential of the entropy of the singular values; 1 to the rank",
    "s1": "largest singular value",
    "chance s1": "one random matrix in a hundred, of this shape and scale, has a larger s1",
    "above": "singular values above chance s1; 0 for all but one random matrix in a hundred",
    "chance smallest": "one random matrix in a hundred has a smaller smallest singular value",
    "below": "singular values that count as nonzero and lie below chance smallest",
    "dead inputs": "columns that are all zero: inputs without any effect",
    "dead outputs": "rows that are all zero: outputs that never change",
    "map": "the whole convolution on maps of the size that it meets: with which padding",
    "map rank": "of the whole convolution on the maps that it meets",
    "map values": "number of its singular values, zeros counted",
    "map s1": "largest singular value of the whole convolution",
    "map s1 within": "relative error of map s1, at most: certified from both sides",
    "map condition number": "of the whole convolution, over the values that count",
    "map note": "why it was not computed",
    "moved": "norm of the change since the start over the norm at the start",
    "change s1": "largest singular value of the change",
    "change stable rank": "of the change; about that of a random matrix if it has no direction",
    "change above": "singular values of the change above what chance shows at its scale",
    "overlap": "mean squared cosine of the principal angles between the row spaces now and at "
    "the start",
    "overlap by chance": "of two random row spaces of those ranks",
    "largest angle": "the largest principal angle between the two row spaces, in degrees",
    "vectors": "inputs of the matrix that were met: one for each image and place",
    "always zero": "inputs that were zero every time: taps that only met padding, dead units",
    "rejected": "share of its inputs' energy in the null space",
    "rejected_centred": "the same after their mean has been taken from the inputs",
    "chance": "share that a random row space of this rank rejects on average: 1 - rank / n",
    "spread": "standard deviation of that share for these inputs, over random row spaces",
    "p": "how often a random row space rejects a share as far from chance as rejected_centred, "
    "two-sided",
    "gain": "energy passed on per energy taken in, against a random direction's: 1 by chance",
    "gain_centred": "the same after the mean has been taken",
    "rejected at the start": "by the initial network, of its own inputs",
    "rejected_centred at the start": "the same after their mean has been taken",
    "note": "what could not be said, and why",
}


def ordered(names):
    """Names of columns in the order of the table; strange ones are an error.

    Examples
    --------
    >>> ordered({"rank", "name"})
    ['name', 'rank']
    """
    strange = set(names) - COLUMNS.keys()
    if strange:
        raise ValueError(f"columns: expected some of {', '.join(COLUMNS)}, got {sorted(strange)}")
    return [name for name in COLUMNS if name in names]
