"""Words with $formulas$, `code` and *stress* as HTML that browsers draw, and as words for the ear.

Formulas become MathML, which needs no script and no fonts of its own: so a question reads the same
on a page, in JupyterLab and in Colab. Only what questions need is known; the rest is refused.
"""

import re
from html import escape

__all__ = ["mathml", "rich", "spoken"]

# What stands for a command of LaTeX: element, character, and how it is read out.
COMMANDS = {
    **{
        name: ("mi", sign, name)
        for name, sign in {
            "alpha": "α", "beta": "β", "varepsilon": "ε", "lambda": "λ", "mu": "μ", "sigma": "σ",
            "theta": "θ", "varphi": "φ", "pi": "π", "Sigma": "Σ", "kappa": "κ",
        }.items()
    },
    "infty": ("mi", "∞", "infinity"),
    "times": ("mo", "×", "by"),
    "cdot": ("mo", "·", "times"),
    "le": ("mo", "≤", "at most"),
    "ge": ("mo", "≥", "at least"),
    "ne": ("mo", "≠", "is not"),
    "approx": ("mo", "≈", "about"),
    "pm": ("mo", "±", "plus or minus"),
    "in": ("mo", "∈", "in"),
    "subseteq": ("mo", "⊆", "contained in"),
    "oplus": ("mo", "⊕", "plus"),
    "perp": ("mo", "⊥", "orthogonal to"),
    "to": ("mo", "→", "to"),
    "dots": ("mo", "…", "and so on"),
    "sum": ("mo", "∑", "the sum of"),
    "max": ("mi", "max", "the larger of"),
    "min": ("mi", "min", "the smaller of"),
    "lVert": ("mo", "‖", "length of"),
    "rVert": ("mo", "‖", ","),
    ",": ("mtext", " ", ""),
    "{": ("mo", "{", "the set of"),
    "}": ("mo", "}", ""),
    "%": ("mo", "%", "percent"),
}  # fmt: skip
SIGNS = {"-": "−", "'": "′"}
SAID = {"=": "equals", "+": "plus", "−": "minus", "<": "is less than", ">": "is more than"}
SAID |= {"′": "prime", "(": "", ")": "", "|": ""}
NAME = r"\\(mathrm|text|mathbf)\{([^{}]*)\}"
TOKEN = re.compile(rf"{NAME}|\\(?:begin|end)\{{pmatrix\}}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S")
BEGIN, END = r"\begin{pmatrix}", r"\end{pmatrix}"


class Parser:
    """Reads a formula once, from left to right; every part is (MathML, words)."""

    def __init__(self, text):
        self.text = text
        self.tokens = [found[0] for found in TOKEN.finditer(text)]

    def refuse(self, what):
        raise ValueError(
            f"formula ${self.text}$: expected what vslib.teach.maths knows, got {what}"
        )

    def take(self, expected=None):
        found = self.tokens.pop(0) if self.tokens else "its end"
        if expected not in (None, found) or found == "its end":
            self.refuse(found)
        return found

    def row(self, *ends):
        """Parts up to one of `ends`, which is left, as one part."""
        parts = []
        while self.tokens and self.tokens[0] not in ends:
            parts.append(self.scripted())
        words = " ".join(words for _, words in parts if words)
        inner = "".join(made for made, _ in parts)
        return (inner if len(parts) == 1 else f"<mrow>{inner}</mrow>"), words

    def group(self):
        self.take("{")
        made = self.row("}")
        self.take("}")
        return made

    def scripted(self):
        """A part with what stands below and above it."""
        base, words = self.atom()
        below = above = None
        while self.tokens and self.tokens[0] in "_^":
            which = self.take()
            part = self.group() if self.tokens[:1] == ["{"] else self.atom()
            below, above = (part, above) if which == "_" else (below, part)
        if below:
            words = f"{words} {below[1]}"
        if above:
            powers = {"2": "squared", "T": "transposed", "plus": "plus"}
            words = f"{words} {powers.get(above[1], f'to the {above[1]}')}"
        if below and above:
            return f"<msubsup>{base}{below[0]}{above[0]}</msubsup>", words
        if below:
            return f"<msub>{base}{below[0]}</msub>", words
        return (f"<msup>{base}{above[0]}</msup>" if above else base), words

    def atom(self):
        token = self.take()
        name = token[1:]
        if token == "{":
            self.tokens.insert(0, token)
            return self.group()
        if not token.startswith("\\"):
            if token in "}_^&$":
                self.refuse(token)
            sign = SIGNS.get(token, token)
            tag = "mn" if token[0].isdigit() else "mi" if token.isalpha() else "mo"
            return f"<{tag}>{escape(sign)}</{tag}>", SAID.get(sign, sign)
        if inside := re.fullmatch(NAME, token):
            # Several letters are one word, not a product of letters.
            bold = ' mathvariant="normal" style="font-weight: bold"'
            tag, look = ("mi", bold) if inside[1] == "mathbf" else ("mtext", "")
            return f"<{tag}{look}>{escape(inside[2])}</{tag}>", inside[2]
        if name in ("frac", "tfrac"):
            (top, above), (bottom, below) = self.group(), self.group()
            return f"<mfrac>{top}{bottom}</mfrac>", f"{above} over {below}"
        if name == "sqrt":
            inside, words = self.group() if self.tokens[:1] == ["{"] else self.atom()
            return f"<msqrt>{inside}</msqrt>", f"root of {words}"
        if token == BEGIN:
            return self.matrix()
        if name not in COMMANDS:
            self.refuse(token)
        tag, sign, words = COMMANDS[name]
        return f"<{tag}>{escape(sign)}</{tag}>", words

    def matrix(self):
        """The rows of a pmatrix."""
        rows, end = [[]], None
        while end != END:
            made, words = self.row("&", "\\\\", END)
            rows[-1].append((f"<mtd>{made}</mtd>", words))
            end = self.take()
            if end == "\\\\":
                rows.append([])
        inner = "".join(f"<mtr>{''.join(made for made, _ in row)}</mtr>" for row in rows)
        words = "; ".join(" ".join(words for _, words in row) for row in rows)
        table = f"<mo>(</mo><mtable>{inner}</mtable><mo>)</mo>"
        return f"<mrow>{table}</mrow>", f"the matrix with rows {words}"


def _read(formula):
    return Parser(formula).row()


def mathml(formula):
    r"""A formula of LaTeX as MathML.

    Parameters
    ----------
    formula : str
        Without its dollar signs.

    Raises
    ------
    ValueError
        If there is something in it that questions have not needed so far.

    Examples
    --------
    >>> mathml(r"W^T")
    '<math><msup><mi>W</mi><mi>T</mi></msup></math>'
    """
    return f"<math>{_read(formula)[0]}</math>"


PARTS = re.compile(r"(\$[^$]+\$|`[^`]+`|\*[^\s*](?:[^*]*[^\s*])?\*)")


def rich(text):
    """Words with $formulas$, `code` and *stress* as HTML.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        If a formula cannot be read.

    Examples
    --------
    >>> rich("less than `x < 1`")
    'less than <code>x &lt; 1</code>'
    >>> rich("all *four* of them")
    'all <em>four</em> of them'
    """
    made = []
    for part in PARTS.split(text):
        if part.startswith("$") and len(part) > 2:
            made.append(mathml(part[1:-1]))
        elif part.startswith("`") and len(part) > 2:
            made.append(f"<code>{escape(part[1:-1])}</code>")
        elif part.startswith("*") and len(part) > 2:
            made.append(f"<em>{rich(part[1:-1])}</em>")
        else:
            made.append(escape(part, quote=False))
    return "".join(made)


def spoken(text):
    r"""The same as words alone: browsers give a formula in a label no name.

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        If a formula cannot be read.

    Examples
    --------
    >>> spoken(r"a layer of $64 \times 784$ with $\sigma_1 = 3$")
    'a layer of 64 by 784 with sigma 1 equals 3'
    """
    parts = [_spoken(part) for part in PARTS.split(text)]
    return re.sub(r"\s+([,.;:?])", r"\1", " ".join("".join(parts).split()))


def _spoken(part):
    if part.startswith("$") and len(part) > 2:
        return _read(part[1:-1])[1]
    stressed = part.startswith("*") and len(part) > 2
    return spoken(part[1:-1]) if stressed else part.strip("`")
