"""What the matrices of attention and of recurrences are applied to, of which a hook sees a part."""

import contextlib

from vslib.report.inputs import argument, vectors

__all__ = ["attention", "below", "recurrent"]


def attention(name, module):
    """What q, k, v and the output projection of torch's attention are applied to.

    The heads' outputs never leave the module: it is run once more with the identity in place of
    its output projection.

    Examples
    --------
    >>> import torch
    >>> mha = torch.nn.MultiheadAttention(4, 2)
    >>> x = torch.ones(3, 1, 4)
    >>> [tuple(piece.shape) for piece in attention("", mha)["out_proj"]((x, x, x), {})]
    [(3, 1, 4)]
    """

    def given(place, key):
        def feed(args, kwargs):
            x = argument(args, kwargs, place, key)
            return [] if x is None else vectors(x)

        return feed

    def heads(args, kwargs):
        import torch

        with _without_projection(module), torch.no_grad():
            mixed = type(module).forward(module, *args, **kwargs)[0]
        return vectors(argument((mixed,), {}, 0, ""))

    places = {"q_proj": (0, "query"), "k_proj": (1, "key"), "v_proj": (2, "value")}
    found = {below(name, part): given(*each) for part, each in places.items()}
    return found | {below(name, "out_proj"): heads}


def below(name, part):
    """The name of a part of a module.

    Examples
    --------
    >>> below("", "q_proj"), below("encoder", "q_proj")
    ('q_proj', 'encoder.q_proj')
    """
    return f"{name}.{part}" if name else part


@contextlib.contextmanager
def _without_projection(module):
    import torch

    own = module._modules["out_proj"]
    like = next(p for p in module.parameters() if p.is_floating_point())
    plain = torch.nn.Module()
    plain.weight = torch.eye(module.embed_dim, dtype=like.dtype, device=like.device)
    plain.bias = None
    module._modules["out_proj"] = plain
    try:
        yield
    finally:
        module._modules["out_proj"] = own


def recurrent(name, module):
    """What the matrices of a recurrent module are applied to: its inputs, and hidden states.

    The hidden states of each layer come from running that layer once more by itself. What the
    projection of an LSTM takes is not seen.

    Examples
    --------
    >>> import torch
    >>> found = recurrent("gru", torch.nn.GRU(3, 4, num_layers=2))
    >>> list(found)
    ['gru.ih_l0', 'gru.hh_l0', 'gru.ih_l1', 'gru.hh_l1']
    >>> [tuple(piece.shape) for piece in found["gru.hh_l1"]((torch.ones(5, 2, 3),), {})]
    [(10, 1, 4)]
    """
    from torch import nn

    if isinstance(module, nn.RNNCellBase):
        return {below(name, "ih"): _cell(module, 0), below(name, "hh"): _cell(module, 1)}
    ways = ("", "_reverse")[: 1 + module.bidirectional]

    def feed(layer, way, side):
        def run(args, kwargs):
            return (
                piece
                for sequence in _sequences(module, args, kwargs)
                for piece in vectors(_seen(module, sequence, layer, way, side))
            )

        return run

    return {
        below(name, f"{side}_l{layer}{'_reverse' * way}"): feed(layer, way, side)
        for layer in range(module.num_layers)
        for way, _ in enumerate(ways)
        for side in ("ih", "hh")
    }


def _cell(module, place):
    import torch

    def feed(args, kwargs):
        state = args[1] if len(args) > 1 else kwargs.get("hx")
        if place == 0:
            x = argument(args, kwargs, 0, "input")
        elif state is None:
            x = torch.zeros(1, module.hidden_size, dtype=torch.float64)
        else:
            x = argument((state[0] if isinstance(state, tuple) else state,), {}, 0, "")
        return [] if x is None else vectors(x)

    return feed


def _sequences(module, args, kwargs):
    """What a recurrence reads, (T, B, n), and its first state or None; packed ones one by one."""
    from torch.nn.utils import rnn

    given = args[0] if args else kwargs["input"]
    state = args[1] if len(args) > 1 else kwargs.get("hx")
    state = state if state is None or isinstance(state, tuple) else (state,)
    if isinstance(given, rnn.PackedSequence):
        padded, lengths = rnn.pad_packed_sequence(given)
        for place, length in enumerate(lengths.tolist()):
            own = state and tuple(s[:, place : place + 1] for s in state)
            yield padded[:length, place : place + 1], own
        return
    if given.ndim == 2:
        yield given[:, None], state and tuple(s[:, None] for s in state)
    else:
        yield given.transpose(0, 1) if module.batch_first else given, state


def _seen(module, sequence, layer, way, side):
    """What one matrix of a recurrence meets in a sequence: (T, B, n) float64."""
    import torch

    x, state = sequence
    ways = 1 + module.bidirectional
    with torch.no_grad():
        for depth in range(layer + 1):
            own = state and tuple(s[depth * ways : (depth + 1) * ways] for s in state)
            if depth == layer and side == "ih":
                return x.to("cpu", torch.float64)
            x = _alone(module, depth, x, own)[0]
    width = x.shape[-1] // ways
    hidden = x[..., way * width : (way + 1) * width]
    first = torch.zeros_like(hidden[:1]) if state is None else own[0][way : way + 1].to(hidden)
    before = [hidden[1:], first] if way else [first, hidden[:-1]]
    return torch.cat(before).to("cpu", torch.float64)


def _alone(module, depth, x, state):
    """One layer of a recurrence as a module of its own, run."""
    from torch import nn

    base = next(kind for kind in (nn.LSTM, nn.GRU, nn.RNN) if isinstance(module, kind))
    options = {"bias": module.bias, "bidirectional": module.bidirectional}
    if base is nn.LSTM:
        options["proj_size"] = module.proj_size
    if base is nn.RNN:
        options["nonlinearity"] = module.nonlinearity
    one = base(x.shape[-1], module.hidden_size, **options, dtype=x.dtype, device=x.device).eval()
    for key, parameter in one.named_parameters():
        parameter.copy_(getattr(module, key.replace("_l0", f"_l{depth}")))
    given = () if state is None else (state if base is nn.LSTM else state[0],)
    return one(x, *given)
