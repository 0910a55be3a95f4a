"""What AdamW remembers of its steps, by the name of the parameter: kept, and put back."""

__all__ = ["kept", "put_back"]

PARTS = ("step", "exp_avg", "exp_avg_sq")


def kept(optimizer, network):
    """The moments of all parameters of a network, to be stored.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1, bias=False)
    >>> optimizer = torch.optim.AdamW(layer.parameters())
    >>> layer(torch.ones(1, 2)).sum().backward()
    >>> optimizer.step()
    >>> list(kept(optimizer, layer))
    ['weight/step', 'weight/exp_avg', 'weight/exp_avg_sq']
    """
    return {
        f"{key}/{part}": value
        for key, parameter in network.named_parameters()
        for part, value in optimizer.state[parameter].items()
    }


def put_back(optimizer, network, momenta):
    """Give an optimizer the moments that `kept` gave; the number of steps done, 0 without any.

    Examples
    --------
    >>> import torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> put_back(torch.optim.AdamW(layer.parameters()), layer, {})
    0
    """
    import torch

    done = 0
    for key, parameter in network.named_parameters():
        if f"{key}/step" in momenta:
            done = int(momenta[f"{key}/step"])
            # Laid out in memory as the parameter: the fused step goes through both in step.
            optimizer.state[parameter] = {
                part: torch.empty_like(parameter.detach()).copy_(momenta[f"{key}/{part}"])
                if part != "step"
                else momenta[f"{key}/step"]
                for part in PARTS
            }
    return done
