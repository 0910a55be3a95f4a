"""What a panel of a view shows, and how its numbers travel in a page: packed and checked."""

import zlib
from dataclasses import dataclass

import numpy as np

from vslib.arrays import real_array

__all__ = ["Panel", "axis_range", "enlarged", "exact", "grey", "leading", "signed"]


def leading(values, name, lengths, axes):
    """`values` as a float64 array of shape (*lengths, ...) with so many `axes` after those.

    Parameters
    ----------
    values : (*lengths, ...) array-like
    name : str
        What the message calls it.
    lengths : tuple of int
    axes : int

    Raises
    ------
    ValueError
        If the shape is another one, or an entry is not a finite real number.
    """
    values = real_array(values, name)
    lengths = tuple(lengths)
    if values.ndim != len(lengths) + axes or values.shape[: len(lengths)] != lengths:
        expected = ", ".join([*map(str, lengths), *["..."] * axes])
        raise ValueError(f"{name}: expected shape ({expected}), got {values.shape}")
    return values


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
    """
    for picture in pictures:
        high, wide = np.shape(picture)
        if high != wide or side % high:
            expected = f"square pictures whose size divides {side}"
            raise ValueError(f"pictures: expected {expected}, got one of {high} x {wide}")
    return np.array([np.kron(p, np.ones([side // len(p)] * 2)) for p in pictures])


def axis_range(values, zero):
    """Lowest and highest of a chart's axis: a little beyond the values, and with zero if asked."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.05 * (high - low) or 1.0
    return [low if zero and low == 0 else low - room, high if zero and high == 0 else high + room]


def _pack(values, dtype, axes, unit=1.0):
    return {
        "bytes": zlib.compress(np.ascontiguousarray(values, dtype).tobytes(), 9),
        "type": np.dtype(dtype).name,
        "shape": list(values.shape),
        "axes": axes,
        "unit": unit,
    }


def grey(values, axes):
    """Pack values in [0, 1] as bytes, exact to 1/510.

    Parameters
    ----------
    values : array
    axes : int
        How many leading axes choose a frame.

    Raises
    ------
    ValueError
        If a value is not in [0, 1].
    """
    if values.min() < 0 or values.max() > 1:
        raise ValueError(f"expected grey values in [0, 1], got {values.min()} to {values.max()}")
    return _pack(np.rint(255 * values), np.uint8, axes, 1 / 255)


def signed(values, axes, scale=None):
    """Pack signed values as bytes, exact to 1/254 of the scale.

    Parameters
    ----------
    values : array
    axes : int
        How many leading axes choose a frame.
    scale : float or "frame", optional
        The magnitude of the strongest colour, larger ones are cut: by default the largest of
        all values; "frame" for the largest of each frame.

    Returns
    -------
    dict
        "frames", in parts of the scale; "scales", one number, or one for each frame.

    Raises
    ------
    ValueError
        If the scale is a word but "frame", or not positive.
    """
    if scale is not None and scale != "frame" and not (np.isreal(scale) and scale > 0):
        raise ValueError(f"scale: expected a positive number or 'frame', got {scale!r}")
    frames = values.reshape(-1, *values.shape[axes:])
    largest = abs(frames).max(axis=tuple(range(1, frames.ndim)))
    scales = largest if scale == "frame" else np.array([largest.max() if scale is None else scale])
    divisor = np.where(scales > 0, scales, 1.0).reshape(-1, *[1] * (frames.ndim - 1))
    parts = np.clip(frames / divisor, -1, 1).reshape(values.shape)
    return {
        "frames": _pack(np.rint(127 * parts), np.int8, axes, 1 / 127),
        "scales": [float(scale) for scale in scales],
    }


def exact(values, axes):
    """Pack values as float32, for what the page computes with or draws as a chart."""
    return _pack(values, np.float32, axes)


@dataclass
class Panel:
    """One picture of `browse`, with a frame for every choice of the controls that it follows.

    Parameters
    ----------
    title : str
        Shown over the picture.
    frames : (*lengths, h, w) or (*lengths, n) array
        `lengths` are the numbers of options of the controls in `axes`. Pictures are (h, w), charts
        (n,); in charts NaN fills up frames that are shorter than others.
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
            return spec | {"frames": grey(frames, len(axes))}
        if self.kind == "signed":
            frames = leading(self.frames, name, lengths, 2)
            own = " (each on its own scale)" if self.scale == "frame" else ""
            return spec | signed(frames, len(axes), self.scale) | {"title": self.title + own}
        given = np.asarray(self.frames, np.float64)
        leading(np.where(np.isnan(given), 0.0, given), name, lengths, 1)
        band = self.band
        if band is not None:
            band = leading(band, f"band of {name}", lengths, 1)
        shown = given if band is None else np.concatenate([given, band], axis=-1)
        return spec | {
            "frames": exact(given, len(axes)),
            "band": None if band is None else exact(band, len(axes)),
            "range": axis_range(shown, zero=self.kind == "bars"),
            "labels": None if self.labels is None else [str(label) for label in self.labels],
            "mark": None if self.mark is None else list(controls).index(self.mark),
        }
