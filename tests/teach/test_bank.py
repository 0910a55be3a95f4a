"""The bank refuses what is not whole, and formulas are drawn or refused."""

import re
from xml.etree import ElementTree

import pytest

from vslib.teach import bank
from vslib.teach.ask import ask, predict
from vslib.teach.maths import COMMANDS, mathml, rich, spoken

HEAD = '[a]\nchapter = "c"\nobjectives = [1]\nask = "?"\n'
RIGHT, WRONG = '{say = "x", why = "y", right = true}', '{say = "z", why = "y"}'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("", "one of options, answer and guess"),
        ('answer = 1\nguess = true\nwhy = "w"\nhint = "h"', "one of options, answer and guess"),
        (f"options = [{RIGHT}]", "two options or more"),
        (f"options = [{WRONG}, {WRONG}]", "one of them right"),
        (f"options = [{RIGHT}, {RIGHT}]", "a wrong option"),
        (f'options = [{RIGHT}, {{say = "z", why = ""}}]', "needs a why"),
        (f'options = [{WRONG}, {RIGHT[:-1]}, exposes = "e"}}]', "exposes nothing"),
        (f"tolerance = 1\noptions = [{RIGHT}, {WRONG}]", "belong to a number"),
        ('answer = 1\nwhy = "w"', "expected a hint"),
        ('answer = 1\nhint = "h"', "expected a why"),
        ("guess = true", "expected a why"),
        (
            'answer = 1\ntolerance = 0.2\nhint = "h"\nwhy = "w"\n'
            'slips = [{value = 1.3, why = "s"}]',
            "1.3 is within twice the tolerance",
        ),
        ('answer = 1\nwhy = "w"\nhint = "h"\ncolour = 1', "colour"),
        ('answer = 1\nwhy = "$\\\\frob$"\nhint = "h"', "frob"),
    ],
)
def test_a_question_that_is_not_whole_is_refused_by_name(body, said):
    with pytest.raises(ValueError, match="question 'a'") as error:
        bank.load(HEAD + body)
    assert said in str(error.value)


def test_what_a_table_must_have_is_said():
    with pytest.raises(ValueError, match="got chapter"):
        bank.load('[a]\nchapter = "c"')


def test_kinds_follow_from_the_fields():
    kinds = {
        f"options = [{RIGHT}, {WRONG}]": "one",
        f"options = [{RIGHT}, {RIGHT}, {WRONG}]": "many",
        'answer = 0\nwhy = "w"\nhint = "h"': "number",
        'guess = true\nwhy = "w"': "guess",
    }
    for body, kind in kinds.items():
        assert bank.load(HEAD + body)["a"].kind == kind


@pytest.mark.parametrize("key", bank.read())
def test_every_question_has_a_name_for_the_ear_and_a_formula_for_the_eye(key):
    page = ask(key)._repr_html_()
    assert "$" not in re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    ElementTree.fromstring(re.search(r"<fieldset.*?</fieldset>", void_closed(page), re.S)[0])
    for name in re.findall(r'aria-label="([^"]*)"', page):
        assert name and not set(name) & set("\\$_^{}<>"), name


def void_closed(page):
    return re.sub(r"(<input[^>]*)>", r"\1/>", page)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_drawn(name):
    root = ElementTree.fromstring(mathml(rf"a \{name} b"))
    assert len(root.find("mrow") if root.find("mrow") is not None else root) == 3


@pytest.mark.parametrize(
    "formula", ["{a", "a}", r"\frob", r"\frac{1}", "_1", r"\begin{pmatrix} 1", "a^", "a & b"]
)
def test_what_cannot_be_drawn_is_refused(formula):
    with pytest.raises(ValueError, match="formula"):
        mathml(formula)


@pytest.mark.parametrize(
    ("formula", "drawn", "said"),
    [
        ("x_1^2", "<msubsup><mi>x</mi><mn>1</mn><mn>2</mn></msubsup>", "x 1 squared"),
        (r"\mathrm{RejSignal}(W)", "<mtext>RejSignal</mtext>", "RejSignal W"),
        (r"\frac{r}{n - 1}", "<mfrac><mi>r</mi><mrow>", "r over n minus 1"),
        (r"\sqrt5", "<msqrt><mn>5</mn></msqrt>", "root of 5"),
        ("0.25", "<mn>0.25</mn>", "0.25"),
        (r"\mathbf{R}^n", "<mi", "R to the n"),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "<mtr><mtd><mn>3", "rows 1 2; 3 4"),
    ],
)
def test_formulas(formula, drawn, said):
    assert drawn in mathml(formula)
    assert said in spoken(f"${formula}$")


def test_words_are_escaped():
    assert rich("a < b & `c<d`") == "a &lt; b &amp; <code>c&lt;d</code>"


def test_stress_is_seen_and_not_spelt():
    assert rich("all *four* of *$W$*, 2 * 3") == (
        "all <em>four</em> of <em><math><mi>W</mi></math></em>, 2 * 3"
    )
    assert spoken("all *four* of *$W$*, 2 * 3") == "all four of W, 2 * 3"
    for q in bank.read().values():
        words = [q.ask, q.why, q.hint, *(slip.why for slip in q.slips)]
        words += [word for option in q.options for word in (option.say, option.why)]
        assert not any("*" in rich(each) + spoken(each) for each in words), q.key


def test_an_unknown_key_is_refused():
    for call in (ask, predict):
        with pytest.raises(ValueError, match="got 'nowhere'"):
            call("nowhere")


def test_a_terminal_shows_the_question_as_text():
    key, q = next((key, q) for key, q in bank.read().items() if q.options)
    assert repr(ask(key)).splitlines() == [q.ask, *(f"( ) {o.say}" for o in q.options)]
