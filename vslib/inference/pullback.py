"""The Jacobian of a torch function that has few outputs: one pass forward, one back."""

__all__ = ["pullback"]


def pullback(run, x, count):
    """What a function gives for an input, and its Jacobian there, row by row.

    Parameters
    ----------
    run : callable
        From a batch to outputs with a row for each input, which depends on that input alone.
    x : tensor
        One input with n numbers.
    count : int
        Numbers that `run` gives for it.

    Returns
    -------
    values : (count,) tensor
    rows : (count, n) tensor

    Raises
    ------
    ValueError
        If what it gives does not depend on the input by a path that has derivatives.

    Examples
    --------
    >>> import torch
    >>> values, rows = pullback(lambda x: x**2, torch.tensor([1.0, 3.0]), 2)
    >>> values, rows
    (tensor([1., 9.]), tensor([[2., 0.],
            [0., 6.]]))
    """
    import torch

    # The input once for each row of the Jacobian: the derivative of the i-th number it gives by
    # the i-th copy.
    copies = x.expand(count, *x.shape).clone().requires_grad_()
    outputs = run(copies).flatten(1)
    total = outputs.diagonal().sum()
    rows = None
    if total.requires_grad:
        (rows,) = torch.autograd.grad(total, copies, allow_unused=True)
    if rows is None:
        raise ValueError(
            "network: expected outputs that depend on the input by a path with derivatives, "
            "got none"
        )
    return outputs[0].detach(), rows.reshape(count, -1)
