"""What the prose of the chapters on synthesis and on the reproduction says in numbers."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from vslib import layers, mnist, networks, paper, synthesis
from vslib.paper import KINDS, VERDICTS
from vslib.show import widgets

BOOK = Path(__file__).resolve().parents[2] / "book"
KNOWN = paper.stored()


def prose(name):
    notebook = nbformat.read(BOOK / f"{name}.ipynb", as_version=4)
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def value(key):
    return KNOWN[key].value


def test_chapter_8_counts_the_claims_that_could_have_failed():
    column = [row[KINDS.index("could fail")] for row in paper.counts().values()]
    found, caveat, otherwise, missing = column
    text = prose("reproduction")
    assert (
        f"Of {sum(column)} claims that could have failed, {found} stand as they are and {caveat} "
        f"with a caveat; {otherwise} were seen and have another reason; {missing} we did not find."
    ) in text
    assert found == caveat
    assert (
        f"Of {sum(column)} claims that could have failed, {found + caveat} are seen as the paper "
        f"says, half of them with a caveat; {otherwise} have another reason; {missing} we did not"
    ) in text
    # Neither shares of all claims, theorems among them, nor "fewer than half".
    assert not re.search(r"[Ff]ewer than half|a fifth were|a fifth we", text)


def test_chapter_8_finds_five_of_six_numbers_again():
    keys = ["accuracy-fc1", "accuracy-fc5", "accuracy-resnet18"]
    keys += ["condition-fc1", "condition-kernels", "inversion-five"]
    verdicts = {claim.key: claim.verdict for claim in paper.claims()}
    assert sum(verdicts[key] in VERDICTS[:2] for key in keys) == 5
    assert "Five of the six are found again." in prose("reproduction")


def test_the_control_of_chapter_8_reaches_every_claim():
    """The slider once ended at the last claim but one."""
    cells = nbformat.read(BOOK / "reproduction.ipynb", as_version=4).cells
    ready, drawn = (c.source for c in cells if c.id in ("reproduction-048", "reproduction-049"))
    names = {"np": np, "paper": paper, "widgets": widgets, "known": KNOWN}
    exec(ready, names)
    exec(drawn.replace("widgets.browse(", "control = widgets.browse("), names)
    slider, _ = names["control"].children
    assert (slider.min, slider.max) == (1, len(paper.claims()))
    said = zip(names["words"], paper.claims(), strict=True)
    assert all(claim.claim in words and claim.verdict in words.lower() for words, claim in said)


def test_chapter_8_says_the_rule_as_the_code_does():
    text = prose("reproduction")
    for verdict in VERDICTS:
        assert f"*{verdict}*" in text
    for name in ("Reproduced", "With a caveat", "Explained otherwise", "Not reproduced"):
        assert f"**{name}.**" in text


@pytest.mark.parametrize(
    ("key", "form", "words"),
    [
        ("mnist_offset", ".2f", "the centres of mass vary by {} pixels only"),
        ("fc1_regions_signals", ".2f", "Nine signal vectors have {}, the weights"),
        ("fc1_regions_weights", ".2f", "the weights {}: regions there are"),
    ],
)
def test_chapter_8_says_what_is_stored(key, form, words):
    assert words.format(format(value(key), form)) in prose("reproduction")


def test_chapter_8_says_how_far_the_published_accuracy_is_from_ours():
    first, ours = paper.authors()["resnet18_accuracy"].value, value("resnet18_validation")
    error = np.sqrt((first * (1 - first) + ours * (1 - ours)) / 10_000)
    text = prose("reproduction")
    assert f"Its {first} is {first - ours:.4f} above ours" in text
    assert (
        f"{error:.4f}, one standard error. So this is {(first - ours) / error:.1f} of them" in text
    )
    assert f"but for one accuracy, {first}," in text


def test_the_published_numbers_lie_in_our_spread_but_for_one_accuracy():
    facts = paper.authors()
    pairs = {
        "fc1_validation": facts["fc1_accuracy"].value,
        "fc5_validation": facts["fc5_accuracy"].value,
        "resnet18_validation": facts["resnet18_accuracy"].value,
        "resnet18_all": facts["resnet18_second_accuracy"].value,
        "fc1_condition_number": facts["fc1_condition_number"].value,
        "kernels_condition_number": facts["kernels_condition_number"].value,
        "fc1_largest": facts["fc1_singular_values"].value[0],
        "fc1_ninth": facts["fc1_singular_values"].value[8],
        "fc1_tenth": facts["fc1_singular_values"].value[9],
    }
    outside = [k for k, v in pairs.items() if not KNOWN[k].low <= v <= KNOWN[k].high]
    assert outside == ["resnet18_validation"]


def test_chapter_7_says_what_the_authors_log_shows():
    first, last = paper.authors()["fc5_losses"].value
    text = prose("synthesis")
    assert f"goes from {first:.1f} to {last:.1f} in a hundred steps (cell 57)" in text
    assert paper.authors()["fc5_losses"].cell == 57


def test_a_layer_of_averages_recognises_what_chapter_8_says():
    averages = mnist.class_averages(*mnist.load("train")).reshape(10, 784)
    images, labels = mnist.load("test")
    outputs = images.reshape(-1, 784) @ averages.T - (averages**2).sum(1) / 2
    right = (outputs.argmax(1) == labels).mean()
    assert f"recognises {right:.0%}".replace("%", " %") in prose("reproduction")
    assert f"and fc1 {value('fc1_test'):.0%}".replace("%", " %") in prose("reproduction")


def test_the_second_reading_of_the_prose_has_no_old_mistakes():
    """Each of these sentences once stood in the book, and a measurement refutes it."""
    reproduction, chapter7 = prose("reproduction"), prose("synthesis")
    assert "this is a guess" not in reproduction
    assert "seed 7" not in reproduction
    assert "only the fall of the distance is the descent's" not in chapter7
    assert "that chance does not give" not in chapter7
    assert "what the data never do" not in chapter7
    assert "about sixty times the outputs alone" not in chapter7
    assert "spread like normal numbers" not in reproduction
    assert "close together from the start" not in prose("inversion")
    assert "or from zero" not in prose("inversion")
    # "Best start" is nowhere said to be the paper's claim.
    assert "is the best start" not in reproduction + chapter7


def test_chance_has_a_share_of_the_fall_that_is_largest_for_resnet18():
    """The best of 60 random points against the descent, for one digit and other draws."""
    images, labels = mnist.load("train")
    space = synthesis.principal_components(images, labels, k=32)
    draws = np.random.default_rng(5).normal(size=(60, 10, 32))
    random = np.clip(space.points(draws), 0, 1).reshape(-1, 28, 28)
    shares = {}
    for name in networks.NAMES:
        row, network = synthesis.stored.load(name), layers.fast(networks.load(name))
        start = row.images()["avg"]
        made = synthesis.synthesize(network, start, row.targets, within=space, progress=False)
        begin, end = made.centred_distances[[0, -1]].mean(1)
        outputs = networks.evaluate(network, random).reshape(60, 10, 10)
        distances = (outputs - row.targets).var(-1)
        shares[name] = (begin - distances.min(0).mean()) / (begin - end)
        if name == "resnet18":
            assert distances.mean() < 0.6 * begin
    assert 0.35 < min(shares["fc1"], shares["fc5"]) < max(shares["fc1"], shares["fc5"]) < 0.6
    assert shares["resnet18"] > 0.85
