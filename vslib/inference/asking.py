"""A torch network asked for its outputs: what it may take and give, and no trace left on it."""

import contextlib
from collections.abc import Mapping

from vslib.inference.borrowing import borrowed

__all__ = ["Asked", "NetworkInputError", "NetworkOutputError", "asked"]


class NetworkInputError(ValueError):
    """Images that a network does not take.

    Examples
    --------
    >>> import torch
    >>> try:
    ...     with asked(torch.nn.Linear(5, 2), shape=(3, 4)):
    ...         pass
    ... except NetworkInputError as error:
    ...     print(str(error).split(";")[0])
    images: expected a shape that the network takes, tried (N, 3, 4) and (N, 1, 3, 4)
    """


class NetworkOutputError(ValueError):
    """Outputs that are not what was asked for: no tensor, other shapes, NaN or infinity.

    Examples
    --------
    >>> import torch
    >>> lstm = torch.nn.LSTM(4, 2)
    >>> try:
    ...     with asked(lstm, shape=(3, 4)):
    ...         pass
    ... except NetworkOutputError as error:
    ...     print(str(error).split(";")[0])
    network: expected a tensor of outputs, got a tuple of 2
    """


@contextlib.contextmanager
def asked(network, shape=None, take=None, double=False):
    """A network in evaluation mode, for as long as the context lasts.

    The network is not copied. The mode of every module and its tensors are put back afterwards,
    also after an error; hooks stay as they are. Gradients may be recorded inside,
    whatever the caller's `inference_mode` or `no_grad`; default dtype plays no part.

    Parameters
    ----------
    network : torch.nn.Module
    shape : tuple of int, optional
        Of one image: (h, w), or with its channels first. The network is tried with it at once:
        where it takes no (N, h, w), but (N, 1, h, w), it is given a channel.
    take : str, int or callable, optional
        What to take as outputs where the network gives a dict, a tuple or an object: a key, a
        place, or a function of what it gave.
    double : bool
        Whether to compute in float64, whatever the precision of the network: its own numbers,
        with more digits.

    Yields
    ------
    Asked

    Raises
    ------
    NetworkInputError
        If the network does not take images of that shape; with its own words.
    NetworkOutputError
        If it gives no tensor with a row for each image.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3)).train()
    >>> with asked(network, shape=(2, 2)) as ask:
    ...     ask(torch.zeros(5, 2, 2)).shape
    torch.Size([5, 3])
    >>> network.training
    True
    """
    import torch

    if not isinstance(network, torch.nn.Module):
        raise NetworkInputError(
            f"network: expected a torch.nn.Module, got {type(network).__name__}"
        )
    for name, parameter in network.named_parameters():
        if torch.nn.parameter.is_lazy(parameter):
            raise NetworkInputError(
                f"network: expected parameters with numbers in them, got {name!r}, which is lazy; "
                "call the network once yourself"
            )
    with torch.inference_mode(False), torch.enable_grad(), borrowed(network, double):
        yield Asked(network, shape, take, double)


class Asked:
    """A network that is being asked: call it with a batch of images, as a tensor.

    Attributes
    ----------
    dtype : torch.dtype
        Of its first floating-point parameter or buffer, float32 where it has none, or float64 if
        that was asked for: what images must have.
    device : torch.device
        Where that is, the CPU where there is none.

    Examples
    --------
    >>> import torch
    >>> with asked(torch.nn.Conv2d(1, 2, 3).double(), shape=(5, 5)) as ask:
    ...     ask.dtype, ask(torch.zeros(7, 5, 5, dtype=ask.dtype)).shape
    (torch.float64, torch.Size([7, 2, 3, 3]))
    """

    def __init__(self, network, shape=None, take=None, double=False):
        import torch

        self._network, self._take, self._channel = network, take, False
        tensors = [*network.parameters(), *network.buffers()]
        like = next((t for t in tensors if t.is_floating_point()), None)
        bare = torch.float64 if double else torch.float32
        self.dtype = bare if like is None else like.dtype
        self.device = torch.device("cpu") if like is None else like.device
        if shape is not None:
            self._try(tuple(shape))

    def tensor(self, array):
        """An array as a tensor of the network's dtype, on its device.

        Examples
        --------
        >>> import numpy as np, torch
        >>> with asked(torch.nn.Linear(2, 2).bfloat16()) as ask:
        ...     ask.tensor(np.ones((1, 2)))
        tensor([[1., 1.]], dtype=torch.bfloat16)
        """
        import torch

        return torch.as_tensor(array).to(dtype=self.dtype, device=self.device)

    def __call__(self, images):
        return self._outputs(images.unsqueeze(1) if self._channel else images)

    def _try(self, shape):
        import torch

        errors = []
        for channel in (False, True) if len(shape) == 2 else (False,):
            self._channel = channel
            try:
                with torch.no_grad():
                    # Two sizes of batch: a layer may take the one for its channels.
                    for count in (2, 3):
                        batch = torch.zeros(count, *shape, dtype=self.dtype, device=self.device)
                        self(batch)
                return
            except Exception as error:  # whatever the network raises of its own
                # An answer of the wrong kind is no matter of channels, one of wrong shape may be.
                if isinstance(error, NetworkOutputError) and error.args[0][:5] != "shape":
                    raise
                errors.append(error)
        if isinstance(errors[0], NetworkOutputError):
            raise errors[0]
        tried = " and ".join(
            str(("N", *([1] * c), *shape)).replace("'", "")
            for c in range(2 if len(shape) == 2 else 1)
        )
        said = f"{type(errors[0]).__name__}: {str(errors[0]).strip()}"
        raise NetworkInputError(
            f"images: expected a shape that the network takes, tried {tried}; it said {said}"
        ) from errors[0]

    def _outputs(self, images):
        import torch

        outputs, take = self._network(images), self._take
        if callable(take):
            outputs = take(outputs)
        elif take is not None:
            try:
                outputs = getattr(outputs, take) if _has(outputs, take) else outputs[take]
            except (LookupError, TypeError) as error:
                raise NetworkOutputError(
                    f"take: expected a part of {_kinds(outputs)}, got {take!r}"
                ) from error
        if not isinstance(outputs, torch.Tensor):
            raise NetworkOutputError(
                f"network: expected a tensor of outputs, got {_kinds(outputs)}; say with `take` "
                "which part of it is meant"
            )
        if outputs.ndim == 0 or len(outputs) != len(images):
            raise NetworkOutputError(
                f"shape of the outputs: expected ({len(images)}, ...), a row for each image of "
                f"{tuple(images.shape)}, got {tuple(outputs.shape)}"
            )
        return outputs


def _has(outputs, take):
    return isinstance(take, str) and not isinstance(outputs, Mapping) and hasattr(outputs, take)


def _kinds(outputs):
    kind = type(outputs).__name__
    if isinstance(outputs, Mapping):
        return f"a {kind} with {', '.join(map(repr, outputs))}"
    if isinstance(outputs, tuple | list):
        return f"a {kind} of {len(outputs)}"
    return f"a {kind}"
