"""The layers that a torch network runs, in order, and proof that it does nothing else."""

import contextlib
from dataclasses import dataclass
from typing import Any

from vslib.inference.listing import PASSIVE, declared

__all__ = ["NotAChainError", "Step", "chain"]

# Functions that give the same numbers in another shape, and those that do in evaluation mode.
SAME = "reshape view flatten unflatten squeeze unsqueeze reshape_as view_as contiguous clone detach"
SAME = {*SAME.split(), "to", "double", "float", "type", "type_as", "cpu", "cuda"}
DROPOUT = {name.lower() for name in PASSIVE if "Dropout" in name} | {
    "alpha_dropout",
    "feature_alpha_dropout",
}
# What is read of a tensor that does not depend on its numbers.
ABOUT = "size dim numel nelement ndimension stride is_contiguous is_floating_point get_device"
ABOUT = {*ABOUT.split(), "is_complex", "__len__", "__hash__", "__repr__", "__format__"}
ABOUT |= {"shape", "ndim", "dtype", "device", "layout", "requires_grad", "is_cuda", "names"}


class NotAChainError(ValueError):
    """A network that does more than run one layer after the other.

    Examples
    --------
    >>> import torch
    >>> class Residual(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner = torch.nn.Linear(2, 2)
    ...     def forward(self, x):
    ...         return x + self.inner(x)
    >>> try:
    ...     chain(Residual(), torch.ones(1, 2), ("Linear",))
    ... except NotAChainError as error:
    ...     print(str(error).split(", got ")[1])
    'add' on another tensor than what 'inner' gave
    """


@dataclass(frozen=True)
class Step:
    """One layer that ran: a module, or a ReLU that was called as a function.

    Attributes
    ----------
    name : str
        Of the module in the network; where it ran before, with the number of the call.
    kind : str
        Which of the kinds asked for it is: "Linear", "ReLU", ...
    module : torch.nn.Module or None
    input, output : tensor

    Examples
    --------
    >>> import torch
    >>> step, _ = chain(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.ReLU()),
    ...                 torch.tensor([[1.0, -1.0]]), ("ReLU",))
    >>> step.name, step.kind, step.output
    ('0', 'ReLU', tensor([[1., 0.]]))
    """

    name: str
    kind: str
    module: Any
    input: Any
    output: Any


def chain(network, inputs, kinds, ask=None):
    """The layers that a network runs on a batch of inputs, in order.

    Every function of torch that is called between them is seen. It may change the shape of what
    one layer gave and the next one takes, and no number: so the same layers run, in the same
    order, on whatever inputs.

    Parameters
    ----------
    network : torch.nn.Module
        In evaluation mode, as within `asked`.
    inputs : tensor
    kinds : collection of str
        Names of the classes of layers that may run, and "ReLU" for the function, too.
    ask : callable, optional
        What is called with the inputs in place of the network: what `asked` yields.

    Returns
    -------
    list of Step

    Raises
    ------
    NotAChainError
        If another kind of layer runs, or anything else happens; with the name of what was found.

    Examples
    --------
    >>> import torch
    >>> class Network(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.second, self.first = torch.nn.Linear(2, 1), torch.nn.Linear(3, 2)
    ...     def forward(self, x):
    ...         return self.second(self.first(x).relu())
    >>> [step.name for step in chain(Network(), torch.ones(1, 3), ("Linear", "ReLU"))]
    ['first', "relu after 'first'", 'second']
    """
    import torch

    inputs = inputs.clone()  # a layer may work in place
    recorder = _Recorder(inputs, kinds)
    if any(isinstance(module, torch.jit.ScriptModule) for module in network.modules()):
        recorder.refuse("a ScriptModule, which does not show what it runs")

    class Between(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            return recorder.called(function, args, kwargs or {})

    found = {}
    for name, kind, module in declared(network, kinds):
        empty = not any(child is not None for child in module.children())
        if kind is not None or (empty and not isinstance(module, torch.nn.Sequential)):
            found.setdefault(module, (name or type(module).__name__, kind))
    hooks = []
    try:
        for module, (name, kind) in found.items():
            # The network's own hooks belong to the layer: these see what is before and after.
            enter = recorder.enter(name, kind)
            hooks.append(module.register_forward_pre_hook(enter, prepend=True, with_kwargs=True))
            hooks.append(module.register_forward_hook(recorder.leave(name, kind)))
        with torch.no_grad(), _eagerly(network), Between():
            outputs = (ask or network)(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    if outputs is not recorder.current:
        recorder.refuse(f"outputs that are not what {recorder.last} gave")
    return recorder.steps


def _eagerly(network):
    """In which a compiled module runs what it was compiled from, one layer at a time."""
    import torch

    if any(type(module).__name__ == "OptimizedModule" for module in network.modules()):
        if hasattr(torch.compiler, "set_stance"):
            return torch.compiler.set_stance("force_eager")
    return contextlib.nullcontext()


def _is_same(before, after):
    """Whether the numbers are the same, and would be if they were others: none was rounded."""
    import torch

    finer = torch.promote_types(before.dtype, after.dtype) == after.dtype
    return finer and torch.equal(after.flatten(), before.flatten())


class _Recorder:
    """What ran so far, and the tensor that the next layer has to take."""

    def __init__(self, inputs, kinds):
        self.steps, self.current, self.kinds = [], inputs, kinds
        self.last, self._depth, self._taken = "the input", 0, None

    def refuse(self, got):
        kinds = ", ".join(kind for kind in self.kinds if kind not in PASSIVE)
        raise NotAChainError(f"network: expected layers {kinds}, one after the other, got {got}")

    def enter(self, name, kind):
        def hook(module, args, kwargs):
            self._depth += 1
            if self._depth > 1:
                return
            if kind is None:
                self.refuse(f"{type(module).__name__} as {name!r}")
            taken = next(iter((*args, *kwargs.values())), None)
            if taken is not self.current:
                self.refuse(f"{name!r} on another tensor than what {self.last} gave")
            self._taken = taken.clone()

        return hook

    def leave(self, name, kind):
        def hook(module, args, output):
            if self._depth == 1:
                self._append(name, kind, module, self._taken, output)
            self._depth -= 1

        return hook

    def _append(self, name, kind, module, taken, output):
        calls = sum(step.module is module for step in self.steps if module is not None)
        name = f"{name}, call {calls + 1}" if calls else name
        self.steps.append(Step(name, kind, module, taken, output.clone()))
        self.current, self.last = output, repr(name)

    def called(self, function, args, kwargs):
        """Run a function of torch, and judge it where it is not called inside a layer."""
        import torch

        if self._depth:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", str(function))
        if name == "__get__":  # of a property: x.shape, x.T
            name = function.__self__.__name__
        first = next(iter((*args, *kwargs.values())), None)
        if not isinstance(first, torch.Tensor):
            first = None
        before = None if first is None else first.clone()
        result = function(*args, **kwargs)
        if not isinstance(result, torch.Tensor):
            if name not in ABOUT:
                self.refuse(f"{name!r} after {self.last}")
        elif first is not self.current:
            self.refuse(f"{name!r} on another tensor than what {self.last} gave")
        elif name in ("relu", "relu_") and "ReLU" in self.kinds:
            self._append(f"relu after {self.last}", "ReLU", None, before, result)
        elif name in SAME | DROPOUT and _is_same(before, result):
            self.current = result
        else:
            self.refuse(f"{name!r} after {self.last}")
        return result
