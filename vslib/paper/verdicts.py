"""The one rule by which claims get their verdicts, and what leaves its stated spread.

1. What the paper reports is *seen* if each of the comparisons that state it (`Claim.holds`) is
   true, and if its number, where it gives one (`Claim.agrees`), lies in our stated spread widened
   by half a unit of its last digit.
2. What is not seen is "not reproduced". Of a theorem this would say that it is false as written.
3. What is seen is "explained otherwise" if an experiment (`Claim.instead`) gives it another reason
   or another meaning than the paper does.
4. It is "reproduced with a caveat" if it is seen under a condition, or with a correction of words,
   that the paper does not state (`Claim.caveat`); also if the paper's number lies in our spread,
   but is not what ours rounds to.
5. Otherwise it is "reproduced".

Each verdict must come out so for every seed. Words are read as their authors most plausibly meant
them, and two claims with one cause get one verdict.
"""

import operator

from vslib.paper.claims import KINDS, VERDICTS, claims, stored

__all__ = ["counts", "judge", "outside"]

SIGNS = {"<": operator.lt, ">": operator.gt, "=": operator.eq}


def judge(claim, numbers, known=None):
    """The verdict that the rule gives to a claim.

    Parameters
    ----------
    claim : Claim
    numbers : dict of str to float
        What was measured: at least all that the claim rests on.
    known : dict of str to Number, optional
        Of the spread; `stored()` by default.

    Returns
    -------
    str
        One of `VERDICTS`.

    Examples
    --------
    >>> claim = next(claim for claim in claims() if claim.key == "eight")
    >>> numbers = {"fc1_left_8": 0.83, "fc1_left_0": 0.84, "fc1_left_others": 0.86}
    >>> judge(claim, numbers)
    'reproduced'
    >>> judge(claim, numbers | {"fc1_left_0": 0.9})
    'not reproduced'
    """
    known = stored() if known is None else known
    reproduced, caveat, otherwise, missing = VERDICTS
    rounds = True
    if claim.agrees is not None:
        name, value, digits = (claim.agrees[key] for key in ("number", "value", "digits"))
        half = 0.5 * 10.0**-digits
        if not known[name].low - half <= value <= known[name].high + half:
            return missing
        rounds = round(numbers[name], digits) == value
    if not all(_true(comparison, numbers) for comparison in claim.holds):
        return missing
    if claim.instead and all(_true(comparison, numbers) for comparison in claim.instead):
        return otherwise
    return reproduced if rounds and not claim.caveat else caveat


def _true(comparison, numbers):
    left, sign, right = comparison.split()
    other = numbers[right] if right in numbers else float(right)
    return SIGNS[sign](numbers[left], other)


def counts():
    """How many claims of each kind got each verdict.

    Returns
    -------
    dict of str to list of int
        The kinds in the order of `KINDS`, by verdict.

    Examples
    --------
    >>> sum(map(sum, counts().values())) == len(claims())
    True
    """
    pairs = [(claim.verdict, claim.kind) for claim in claims()]
    return {verdict: [pairs.count((verdict, kind)) for kind in KINDS] for verdict in VERDICTS}


def outside(numbers, known=None):
    """Which measured numbers leave their stated spread, and which claims change their verdict.

    Parameters
    ----------
    numbers : dict of str to float
    known : dict of str to Number, optional
        `stored()` by default.

    Returns
    -------
    list of str
        A line for each, that says what was expected and what came; empty where all is well.

    Examples
    --------
    >>> outside({"fc1_condition_number": 7.4})
    []
    >>> print(outside({"fc1_condition_number": 9.0})[0][:47])
    fc1_condition_number: expected 6.48259 to 8.079
    """
    known = stored() if known is None else known
    lines = []
    for key, value in numbers.items():
        number = known[key]
        if not number.low <= value <= number.high:
            resting = ", ".join(claim.key for claim in claims() if key in claim.numbers)
            lines.append(
                f"{key}: expected {number.low:.6g} to {number.high:.6g} ({number.spread}), "
                f"got {value:.6g}; claims that rest on it: {resting}"
            )
    for claim in claims():
        if set(claim.numbers) <= set(numbers):
            verdict = judge(claim, numbers, known)
            if verdict != claim.verdict:
                lines.append(f"claim {claim.key}: expected {claim.verdict!r}, got {verdict!r}")
    return lines
