"""A module of a network called by itself: in float64 where it can be, and no trace left on it."""

import contextlib

__all__ = ["Call", "NoMatrixError", "called", "untouched"]


class NoMatrixError(ValueError):
    """A module that applies no matrix, or none that can be read; the message says why.

    Examples
    --------
    >>> issubclass(NoMatrixError, ValueError)
    True
    """


@contextlib.contextmanager
def untouched(network):
    """A network and torch's random numbers, as they were again when the context ends.

    What its modules keep in plain attributes is put back too, and the contents of dicts, lists
    and sets in them: hooks of weight_norm, pruning and spectral_norm write there.

    Examples
    --------
    >>> import torch
    >>> network = torch.nn.Identity()
    >>> with untouched(network):
    ...     network.note = "asked"
    >>> hasattr(network, "note")
    False
    """
    import torch

    tables = [vars(module) for module in network.modules()]
    held = [v for table in tables for v in table.values() if isinstance(v, dict | list | set)]
    before = [(table, table.copy()) for table in (*tables, *held)]
    devices = {t.get_device() for t in network.parameters() if t.is_cuda}
    try:
        with torch.random.fork_rng(devices=devices), torch.no_grad():
            yield
    finally:
        for table, values in before:
            table.clear()
            table.extend(values) if isinstance(table, list) else table.update(values)


@contextlib.contextmanager
def _doubled(module):
    """A module with float64 copies of its tensors, so that rounding hides nothing."""
    import torch

    copies = {}

    def double(value):
        if isinstance(value, list):
            return [double(each) for each in value]
        if not isinstance(value, torch.Tensor) or not value.is_floating_point():
            return value
        if id(value) not in copies:
            with contextlib.suppress(TypeError, RuntimeError):  # where there is no float64
                copies[id(value)] = value.detach().to(torch.float64, copy=True)
        return copies.get(id(value), value)

    before = [
        (table, dict(table))
        for each in module.modules()
        for table in (each._parameters, each._buffers, vars(each))
        if isinstance(table, dict)  # a ScriptModule's are none
    ]
    try:
        for table, values in before:
            table.update({key: double(value) for key, value in values.items()})
        yield
    finally:
        for table, values in before:
            table.clear()
            table.update(values)


def called(module, ask):
    """The answer of ``ask(call)``, `module` in float64 where it can be, else as it is.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, within `untouched`.
    ask : callable
        Its argument calls the module with tensors of float64 and gives its outputs so.

    Raises
    ------
    NoMatrixError
        If the module refuses what it is called with, by its words.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1).bfloat16()
    >>> with torch.no_grad():
    ...     called(layer, lambda call: call(torch.zeros(1, 2, dtype=torch.float64))).dtype
    torch.float64
    """
    try:
        with _doubled(module):
            return ask(Call(module))
    except _RefusedError:
        return ask(Call(module))


class _RefusedError(NoMatrixError):
    """Inputs that a module does not take."""


class Call:
    """A module that takes and gives tensors of float64, whatever its own dtype and device are.

    Of several outputs it gives the first.

    Parameters
    ----------
    module : torch.nn.Module

    Raises
    ------
    NoMatrixError
        When it is called, if the module refuses the inputs or gives no real tensor.

    Examples
    --------
    >>> import torch
    >>> Call(torch.nn.Tanh())(torch.zeros(1, 2)).dtype
    torch.float64
    """

    def __init__(self, module):
        import torch

        tensors = [*module.parameters(), *module.buffers()]
        floats = [t for t in tensors if t.is_floating_point()]
        self._module = module
        self._dtype = floats[0].dtype if floats else torch.float32
        self._device = tensors[0].device if tensors else torch.device("cpu")

    def __call__(self, *inputs):
        import torch

        given = [
            x.to(self._device, self._dtype if x.is_floating_point() else x.dtype) for x in inputs
        ]
        try:
            with self._device:  # whatever the default device is
                outputs = self._module(*given)
        except Exception as error:  # whatever the module raises of its own
            shapes = " and ".join(str(tuple(x.shape)) for x in inputs)
            lines = str(error).strip().splitlines() or [""]
            raise _RefusedError(
                f"refuses an input of shape {shapes}: {type(error).__name__}: {lines[0][:120]}"
            ) from error
        while isinstance(outputs, tuple | list) and outputs:
            outputs = outputs[0]
        if not isinstance(outputs, torch.Tensor) or outputs.is_complex():
            raise NoMatrixError(f"gives a {type(outputs).__name__}, no tensor of real numbers")
        return (outputs.dequantize() if outputs.is_quantized else outputs).cpu().double()
