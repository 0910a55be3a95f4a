"""The layers of a network as matrices, each in a stated reading."""

import numpy as np

from vslib.arrays import real_array
from vslib.layers.network import of_network
from vslib.layers.reading import LayerMatrix, Layers, UnknownLayerError
from vslib.layers.state import of_state

__all__ = [
    "LayerMatrix",
    "Layers",
    "UnknownLayerError",
    "augmented",
    "matrices",
    "visit",
]

READINGS = ("kernels", "filters")


def matrices(model, reading="kernels", embeddings=False):
    """The layers of a network that apply matrices, each as the matrix that it applies.

    A torch module is asked: a probe through each layer decides whether its weight is what it
    applies. Where it is not (LoRA, standardised or packed weights, hooks), the matrix is read by
    pushing unit vectors through the layer, in evaluation mode, and `LayerMatrix.source` says so.
    Nothing of the network changes. Every parameter is in one of the matrices or their biases, or
    in `Layers.skipped` with the reason.

    Read are Linear, Bilinear, convolutions and transposed ones, attention (``NAME.q_proj``,
    ``k_proj``, ``v_proj``, ``out_proj``), LSTM, GRU and RNN by gates (``NAME.ih_l0.forget``: from
    inputs, layer 0), all of these when quantised, through their dequantised weights, and modules
    of one's own that keep a weight and are affine.

    Parameters
    ----------
    model : torch.nn.Module, or dict of str to array
        A module, or the parameters of one, by torch's names, as ``networks.weights`` gives them.
        Then shapes must tell what each is: a ``NAME.weight`` with 2 axes is linear, transposed if
        its bias fits its columns only, with more axes convolutional, transposed likewise. They
        cannot tell a square matrix from its transpose, nor without a bias a table or a transposed
        convolution; `LayerMatrix.source` says so.
    reading : {"kernels", "filters"}
        Of convolutions. "kernels": one kernel a row, (C_out * C_in, k * k), the paper's reading
        (section 2.3.1); "filters": one filter a row, (C_out, C_in * k * k), with C_in divided by
        the number of groups. Of a transposed convolution a kernel is what one entry of the input
        adds to the output. Other layers have one reading: "weight"; "bilinear",
        (C_out, n1 * n2), to be applied to the products of the entries of the two inputs; "table",
        one row for each entry that is looked up.
    embeddings : bool
        Whether Embedding and EmbeddingBag are read, as tables.

    Returns
    -------
    Layers
        LayerMatrix by name, in the order of the network.

    Raises
    ------
    ValueError
        If `reading` is unknown, no layer can be read (with the reasons), or weights are not
        finite and real, lazy or on the device "meta" (with the name of the layer).

    Examples
    --------
    >>> from torch import nn
    >>> matrices(nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.Linear(16, 10)))
    layer  reading  shape
    0      kernels  4 x 9
    2      weight   10 x 16
    1 skipped, each with its reason in .skipped: 1
    """
    if reading not in READINGS:
        raise ValueError(f"reading: expected one of {', '.join(READINGS)}, got {reading!r}")
    if hasattr(model, "named_modules"):
        parts = []
        skipped = of_network(model, embeddings, lambda part, owner: parts.append(part))
    elif hasattr(model, "items"):
        parts, skipped = of_state(model, embeddings)
    else:
        got = type(model).__name__
        raise ValueError(f"model: expected a torch module or a dict of arrays, got {got}")
    if not parts:
        reasons = "".join(f"; {name!r}: {why}" for name, why in list(skipped.items())[:5])
        raise ValueError(f"model: expected linear or convolutional layers, got none{reasons}")
    return Layers({part.name: part.matrix(reading) for part in parts}, skipped)


def visit(model, take):
    """Hand each layer of a network to a function as soon as it is read, and keep none of them.

    So the memory that it needs is that of the widest layer, where `matrices` holds all of them in
    float64. Convolutions are read as filters, lookup tables as tables.

    Parameters
    ----------
    model : torch.nn.Module
    take : callable
        Called with the LayerMatrix, the name of the module that applies it, and that module.

    Returns
    -------
    skipped : dict of str to str
        As for `matrices`.

    Raises
    ------
    ValueError
        As `matrices` does for a module; no layer at all is none here.

    Examples
    --------
    >>> from torch import nn
    >>> network = nn.Sequential(nn.GRUCell(2, 3), nn.BatchNorm1d(3))
    >>> visit(network, lambda layer, owner, module: print(layer.name, "of", owner))["1"]
    0.ih.reset of 0
    0.ih.update of 0
    0.ih.new of 0
    0.hh.reset of 0
    0.hh.update of 0
    0.hh.new of 0
    'BatchNorm1d: scales and shifts entries, no matrix'
    """

    def each(part, owner):
        take(part.matrix("filters"), owner, model.get_submodule(owner))

    return of_network(model, True, each)


def augmented(W, b):
    """W', the weight matrix with the bias absorbed: W'x' = Wx + b for x' = (x, 1).

    Parameters
    ----------
    W : (m, n) array
    b : (m,) array

    Returns
    -------
    (m, n + 1) float64 array
        The bias is its last column (paper, below equation (1)).

    Examples
    --------
    >>> augmented([[1, 2], [3, 4]], [5, 6])
    array([[1., 2., 5.],
           [3., 4., 6.]])
    """
    W = real_array(W, "W", axes=2)
    return np.column_stack([W, real_array(b, "b", axes=1, length=len(W))])
