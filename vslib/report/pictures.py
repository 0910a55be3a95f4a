"""Two small pictures for each row: a spectrum against its band, rejected energy against chance."""

import html
import math

import numpy as np

__all__ = ["bars", "spectrum"]

WIDE, HIGH = 130, 34
POINTS = 64
BLUE, ORANGE = "#2f7fc4", "#c96a1c"


def _svg(words, inside):
    return (
        f'<svg role="img" aria-label="{html.escape(words)}" width="{WIDE}" height="{HIGH}" '
        f'viewBox="0 0 {WIDE} {HIGH}">{inside}</svg>'
    )


def spectrum(name, values, low=None, high=None):
    """Singular values from the largest on, on a scale that begins at zero, as SVG.

    The band of what chance shows is grey.

    Parameters
    ----------
    name : str
    values : (k,) array
        In decreasing order.
    low, high : float, optional

    Returns
    -------
    str

    Examples
    --------
    >>> "2 singular values, from 3 to 1" in spectrum("fc", np.array([3.0, 1.0]), 0.5, 4.0)
    True
    """
    if not values[0]:
        return ""
    known = high is not None and math.isfinite(high)
    top = max(values[0], high) if known else values[0]

    def height(value):
        return 2 + (HIGH - 4) * (1 - value / top)

    places = np.unique(np.linspace(0, len(values) - 1, POINTS).round().astype(int))
    step = (WIDE - 4) / max(1, len(values) - 1)
    points = " ".join(f"{2 + p * step:.1f},{height(values[p]):.1f}" for p in places)
    words = f"{name}: {len(values)} singular values, from {values[0]:.3g} to {values[-1]:.3g}"
    inside = ""
    if known:
        words += f"; chance shows {low:.3g} to {high:.3g}"
        upper, lower = height(high), height(low)
        inside = (
            f'<rect x="0" y="{upper:.1f}" width="{WIDE}" height="{max(1, lower - upper):.1f}" '
            'fill="currentColor" fill-opacity="0.15"/>'
        )
    if len(places) == 1:
        inside += f'<circle cx="4" cy="{height(values[0]):.1f}" r="2.5" fill="{BLUE}"/>'
    else:
        inside += f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="2"/>'
    return _svg(words, inside)


def bars(name, rejected, centred, chance):
    """What a layer rejects of its inputs, from 0 to 1: centred ones broad, as they come narrow.

    A line says what a random row space of the same rank would reject.

    Parameters
    ----------
    name : str
    rejected, centred, chance : float

    Returns
    -------
    str

    Examples
    --------
    >>> "rejects 0.2 of its centred inputs" in bars("fc", 0.1, 0.2, 0.5)
    True
    """
    if any(math.isnan(value) for value in (rejected, centred, chance)):
        return ""
    scale = WIDE - 6
    words = (
        f"{name} rejects {centred:.3g} of its centred inputs, {rejected:.3g} of them as they come; "
        f"chance {chance:.3g}"
    )
    frame = (
        f'<rect x="3" y="4" width="{scale}" height="24" fill="currentColor" fill-opacity="0.1"/>'
    )
    broad = f'<rect x="3" y="6" width="{scale * centred:.1f}" height="12" fill="{BLUE}"/>'
    faint = f'height="6" fill="{BLUE}" fill-opacity="0.6"'
    narrow = f'<rect x="3" y="20" width="{scale * rejected:.1f}" {faint}/>'
    at = 3 + scale * chance
    line = f'<path d="M{at:.1f} 1V{HIGH - 3}" stroke="{ORANGE}" stroke-width="3"/>'
    return _svg(words, frame + broad + narrow + line)
