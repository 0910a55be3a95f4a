"""Claims and numbers side by side: the table of the reproduction, and what leaves its spread."""

import re

from vslib.paper.claims import GROUPS, claims, stored

__all__ = ["outside", "slug", "table"]

COLUMNS = ("claim", "paper", "published notebook", "here", "spread", "verdict", "read", "test")


def outside(numbers, known=None):
    """Which measured numbers leave their stated spread, with the claims that rest on them.

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
    return lines


def slug(heading):
    """The anchor that the book's pages give to a heading, as on GitHub.

    Examples
    --------
    >>> slug("What the paper calls noise: v10")
    'what-the-paper-calls-noise-v10'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def table(numbers=None, groups=GROUPS, columns=COLUMNS, known=None):
    """The claims that can be judged by given numbers, as a Markdown table.

    Parameters
    ----------
    numbers : dict of str to float, optional
        Those stored by default.
    groups : sequence of str
        Which claims.
    columns : sequence of str
        Any of "claim", "paper", "published notebook", "here", "spread", "verdict", "why",
        "read", "test". Without the third, the second holds what the third would.
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
    | condition number of the single layer | 7.22 (notebook: 7.33) | 7.40 |
    """
    known = stored() if known is None else known
    numbers = {key: n.value for key, n in known.items()} if numbers is None else numbers
    rows = [columns, ["---"] * len(columns)]
    for claim in claims():
        if claim.group in groups and set(claim.numbers) <= set(numbers):
            full = claim.filled(numbers)
            chapter, _, heading = claim.section.partition("#")
            apart = full.published and "published notebook" not in columns
            cells = vars(full) | {
                "paper": full.paper + (f" (notebook: {full.published})" if apart else ""),
                "published notebook": full.published,
                "spread": claim.spread(known),
                "read": f"[{heading}]({chapter}#{slug(heading)})",
                "test": f"`{full.test}`",
            }
            rows.append([cells[column] for column in columns])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)
