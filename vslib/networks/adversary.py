"""A small network that is trained against: it reads the digit from what the readout rejects."""

from vslib.networks.moments import kept, put_back

__all__ = ["Adversary"]


class Adversary:
    """A reader of what a readout rejects, in training while the bijection is trained to fool it.

    With each batch it first takes a step of its own, and is then asked how sure it is: the
    bijection is charged for it (`sureness`). Its gradient is not just reversed. To make a reader
    ever more wrong has no end, and diverges; to make it say that all ten digits are alike has one.
    It meets codes of zero mean and unit variance each, so that to shrink them is no way out.

    Parameters
    ----------
    momenta : dict of str to tensor
        As `momenta` gave them after an earlier epoch; {} at the start.

    References
    ----------
    Ganin et al. (2016), Domain-adversarial training of neural networks; Tzeng, Hoffman, Darrell
    and Saenko (2015), Simultaneous deep transfer across domains and tasks.

    Examples
    --------
    >>> import torch
    >>> adversary = Adversary({})
    >>> codes, labels = torch.eye(10, 784), torch.arange(10)
    >>> before = adversary.sureness(codes).item()
    >>> losses = [adversary.learn(codes, labels) for _ in range(30)]
    >>> losses[-1] < 0.1 < losses[0], before < 0.1 < adversary.sureness(codes).item()
    (True, True)
    """

    def __init__(self, momenta):
        import torch
        from torch import nn

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            self.reader = nn.Sequential(
                nn.LayerNorm(784, elementwise_affine=False),
                nn.Linear(784, 256),
                nn.ReLU(),
                nn.Linear(256, 10),
            )
        self.optimizer = torch.optim.AdamW(self.reader.parameters(), 1e-3, weight_decay=0.05)
        for key, parameter in self.reader.named_parameters():
            if f"{key}/value" in momenta:
                with torch.no_grad():
                    parameter.copy_(momenta[f"{key}/value"])
        put_back(self.optimizer, self.reader, momenta)

    def learn(self, rejected, labels):
        """One step on codes (N, 784) that are no longer to be changed; the loss before it."""
        from torch.nn.functional import cross_entropy

        self.optimizer.zero_grad()  # and with it what `sureness` left
        loss = cross_entropy(self.reader(rejected.detach()), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def sureness(self, rejected):
        """The divergence of its answers from a tenth for each digit: 0 if it cannot tell."""
        import math

        return -self.reader(rejected).log_softmax(1).mean() - math.log(10)

    def momenta(self):
        """What the next epoch needs: its weights and their moments, by the name of the weight."""
        weights = {f"{k}/value": p.detach() for k, p in self.reader.named_parameters()}
        return weights | kept(self.optimizer, self.reader)
