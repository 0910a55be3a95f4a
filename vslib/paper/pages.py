"""Claims and numbers side by side, as Markdown: a wide table, and cards that a phone can show."""

import re

from vslib.paper.claims import GROUPS, claims, stored

__all__ = ["cards", "slug", "table"]

COLUMNS = ("claim", "paper", "published notebook", "here", "spread", "verdict", "judged by")
COLUMNS += ("why", "test")


def slug(heading):
    """The anchor that the book's pages give to a heading, as on GitHub.

    Examples
    --------
    >>> slug("What the paper calls noise: v10")
    'what-the-paper-calls-noise-v10'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def _judged(numbers, groups, known):
    """The claims that given numbers can judge, filled in, with spreads and what judges them."""
    known = stored() if known is None else known
    numbers = {key: n.value for key, n in known.items()} if numbers is None else numbers
    for claim in claims():
        if claim.group in groups and set(claim.numbers) <= set(numbers):
            yield claim.filled(numbers), claim.spread(known), _judged_by(claim, known)


def _judged_by(claim, known):
    """What the rule compares, so that a reader can disagree with it."""
    seen = [f"`{comparison}`" for comparison in claim.holds]
    if claim.agrees is not None:
        number, digits = known[claim.agrees["number"]], claim.agrees["digits"]
        half = 0.5 * 10.0**-digits
        ends = f"{number.low - half:.{digits + 1}f} to {number.high + half:.{digits + 1}f}"
        seen.insert(0, f"{claim.agrees['value']} lies in the stated spread, widened: {ends}")
    parts = [f"seen if {' and '.join(seen)}"] if seen else []
    if claim.instead:
        other = " and ".join(f"`{comparison}`" for comparison in claim.instead)
        parts.append(f"another reason if {other}")
    return "; ".join(parts)


def cards(groups=GROUPS, numbers=None, known=None):
    """The claims one below the other, each with its verdict, its numbers and the reason.

    Parameters
    ----------
    groups : sequence of str
        Which claims.
    numbers : dict of str to float, optional
        Those stored by default.
    known : dict of str to Number, optional
        Of the spread; `stored()` by default.

    Returns
    -------
    str
        Markdown of a book's notebook: links lead to its other chapters.

    Examples
    --------
    >>> names = "fc1_condition_number", "fc1_learned_ratio", "fc1_initial_condition_number"
    >>> text = cards(["figure 1"], dict.fromkeys(names, 7.4))
    >>> print(text.splitlines()[0])
    **condition number of the single layer** · *reproduced with a caveat* · could have failed
    """
    parts = []
    for claim, spread, rule in _judged(numbers, groups, known):
        chapter, _, heading = claim.section.partition("#")
        kind = "could have failed" if claim.kind == "could fail" else claim.kind
        notebook = f"\n- *published notebook:* {claim.published}" if claim.published else ""
        caveat = f" Not stated: {claim.caveat}." if claim.caveat else ""
        judged = f"- *judged by:* {rule}\n" if rule else ""
        parts.append(
            f"**{claim.claim}** · *{claim.verdict}* · {kind}\n\n"
            f"- *paper:* {claim.paper}{notebook}\n"
            f"- *here:* {claim.here}{f'; spread: {spread}' if spread else ''}\n"
            f"- *why:* {claim.why}{caveat}\n{judged}"
            f"- *read* [{heading}]({chapter}#{slug(heading)}); *test* `{claim.test}`\n"
        )
    return "\n".join(parts)


def table(numbers=None, groups=GROUPS, columns=COLUMNS, known=None):
    """The claims that can be judged by given numbers, as a wide Markdown table.

    Parameters
    ----------
    numbers : dict of str to float, optional
        Those stored by default.
    groups : sequence of str
        Which claims.
    columns : sequence of str
        Any of "claim", "kind", "paper", "published notebook", "here", "spread", "verdict",
        "judged by", "caveat", "why", "test".
    known : dict of str to Number, optional
        Of the spread; `stored()` by default.

    Returns
    -------
    str

    Examples
    --------
    >>> names = "fc1_condition_number", "fc1_learned_ratio", "fc1_initial_condition_number"
    >>> print(table(dict.fromkeys(names, 7.4), ["figure 1"], ["claim", "paper", "here"]))
    | claim | paper | here |
    | --- | --- | --- |
    | condition number of the single layer | 7.22 | 7.40 |
    """
    rows = [columns, ["---"] * len(columns)]
    for claim, spread, rule in _judged(numbers, groups, known):
        cells = vars(claim) | {
            "published notebook": claim.published,
            "spread": spread,
            "judged by": rule,
            "test": f"`{claim.test}`",
        }
        rows.append([cells[column] for column in columns])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
