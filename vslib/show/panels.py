"""What a panel of a view shows: frames for every choice of the controls that it follows."""

from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array
from vslib.show.packing import exact, grey, leading, signed

__all__ = ["Panel", "axis_range", "enlarged"]


def enlarged(pictures, side):
    """Square pictures of different sizes, each pixel repeated until all have the same.

    Parameters
    ----------
    pictures : sequence of N (h, h) arrays
    side : int
        A multiple of each h.

    Returns
    -------
    (N, side, side) array

    Raises
    ------
    ValueError
        If a picture is not square, or its size does not divide `side`.

    Examples
    --------
    >>> enlarged([[[1]], [[1, 2], [3, 4]]], 2).tolist()
    [[[1.0, 1.0], [1.0, 1.0]], [[1.0, 2.0], [3.0, 4.0]]]
    """
    pictures = [real_array(picture, "pictures", axes=2) for picture in pictures]
    for picture in pictures:
        high, wide = picture.shape
        if high != wide or side < 1 or side % high:
            expected = f"square pictures whose size divides {side}"
            raise ValueError(f"pictures: expected {expected}, got one of {high} x {wide}")
    return np.array([np.kron(p, np.ones([side // len(p)] * 2)) for p in pictures])


def axis_range(values, zero):
    """Lowest and highest of a chart's axis: a little beyond the values, and with zero if asked.

    Values that differ by less than a millionth of themselves, as float32 may round them, are
    drawn as the constant that they are.

    Examples
    --------
    >>> axis_range([1.0, 2.0], zero=True)
    [0.0, 2.1]
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    top, spread = max(abs(low), abs(high)), high - low
    reach = spread if spread > 1e-6 * top else top
    room = 0.05 * reach or reach or 1.0
    if zero and low == 0 < high:
        return [low, high + room]
    if zero and low < 0 == high:
        return [low - room, high]
    return [low - room, high + room]


def _with_gaps(values, name, lengths):
    """Frames of a chart, where NaN is a gap; one number at least is none."""
    plain = values.detach().cpu().double().numpy() if hasattr(values, "detach") else values
    if np.asarray(plain).dtype.kind != "f":
        return leading(values, name, lengths, 1)
    gaps = np.isnan(plain)
    filled = leading(np.where(gaps, 0.0, plain), name, lengths, 1)
    if gaps.all():
        raise ValueError(f"{name}: expected at least one number, got NaN alone")
    return np.where(gaps, np.nan, filled)


@dataclass
class Panel:
    """One picture of `browse`, with a frame for every choice of the controls that it follows.

    Parameters
    ----------
    title : str
        Shown over the picture.
    frames : (*lengths, h, w) or (*lengths, n) array
        `lengths` are the numbers of options of the controls in `axes`. Pictures are (h, w), charts
        (n,); in charts NaN is a gap, and at the end fills up frames that are shorter than others.
    kind : {"image", "signed", "bars", "line"}
        Grey values in [0, 1]; signed values in a diverging map with white at zero; bars from
        zero; a line over the positions.
    axes : sequence of str, optional
        The controls that choose the frame, in order: all by default, () for a picture that stays.
    scale : float or "frame", optional
        For "signed": the magnitude of the strongest colour. By default the largest of all frames;
        with "frame" the largest of each, which the title says.
    alt : str, optional
        What is seen, in words; the title by default.
    labels : sequence of str, optional
        For charts: the names of the positions, 1 to n by default.
    band : (*lengths, 2) array, optional
        For charts: lower and upper end of a grey band behind them, such as what chance would show.
    mark : str, optional
        For charts: the control whose position is set off from the others.

    Examples
    --------
    >>> spec = Panel("outputs", [[1, -2], [3, 4]], "bars").spec({"digit": 2})
    >>> spec["axes"], spec["range"]
    ([0], [-2.3, 4.3])
    """

    title: str
    frames: np.ndarray
    kind: str
    axes: tuple | None = None
    scale: float | str | None = None
    alt: str | None = None
    labels: list | None = None
    band: np.ndarray | None = None
    mark: str | None = None

    def spec(self, controls):
        """What travels in the page; `controls` are the numbers of options by name."""
        name = f"panel {self.title!r}"
        if self.kind not in ("image", "signed", "bars", "line"):
            raise ValueError(
                f"{name}: expected kind 'image', 'signed', 'bars' or 'line', got {self.kind!r}"
            )
        axes = list(controls if self.axes is None else self.axes)
        unknown = {*axes, *([self.mark] if self.mark else [])} - set(controls)
        if unknown:
            raise ValueError(f"{name}: expected controls of {list(controls)}, got {unknown}")
        spec = {
            "title": self.title,
            "kind": self.kind,
            "alt": self.alt or self.title,
            "axes": [list(controls).index(axis) for axis in axes],
        }
        lengths = [controls[axis] for axis in axes]
        if self.kind == "image":
            frames = leading(self.frames, name, lengths, 2)
            return spec | {"frames": grey(frames, len(axes), name)}
        if self.kind == "signed":
            frames = leading(self.frames, name, lengths, 2)
            own = " (each on its own scale)" if self.scale == "frame" else ""
            return spec | signed(frames, len(axes), self.scale) | {"title": self.title + own}
        given = _with_gaps(self.frames, name, lengths)
        count, band = given.shape[-1], self.band
        if self.labels is not None and len(self.labels) != count:
            raise ValueError(f"{name}: expected {count} labels, got {len(self.labels)}")
        if self.mark is not None and controls[self.mark] > count:
            options = f"{self.mark!r} of {controls[self.mark]} options"
            raise ValueError(f"{name}: expected a mark among {count} positions, got {options}")
        if band is not None:
            band = leading(band, f"band of {name}", lengths, 1)
            if band.shape[-1] != 2:
                raise ValueError(f"band of {name}: expected lower and upper, got {band.shape}")
        shown = given if band is None else np.concatenate([given, band], axis=-1)
        return spec | {
            "frames": exact(given, len(axes), name),
            "band": None if band is None else exact(band, len(axes), f"band of {name}"),
            "range": axis_range(shown, zero=self.kind == "bars"),
            "labels": None if self.labels is None else [str(label) for label in self.labels],
            "mark": None if self.mark is None else list(controls).index(self.mark),
        }
