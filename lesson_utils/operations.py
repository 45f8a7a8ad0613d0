"""What an operation is: one row each, and nothing of torch.

Everything that draws or tells an operation takes it from here: its symbol,
what it does in a word, what its local derivative is and why, and how a
gradient flows through it. In-place forms (`add_`) are derived, not typed.
What a row says is true of a plain call only; `is_plain` tells one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lesson_utils.graph import Number, Operation

Names = Sequence[str]
Dimensions = Sequence[int]  # of the inputs
Formula = Callable[[Names, str], str]  # names of the inputs, name of the result


@dataclass(frozen=True)
class Kind:
    """One operation.

    Attributes:
        symbol: As it is drawn; empty for its name.
        infix: Whether the symbol is written between its two inputs.
        verb: What it does, in the third person.
        by_dimensions: The same where it depends on how many dimensions the inputs have.
        always: Whether the verb is true whatever the further arguments are.
        back: What it does to a gradient, where that is another verb.
        local: Its derivative with respect to each input, written with the
            inputs' names and the result's, for numbers; a test evaluates it.
        holds: For which numbers of the inputs that is true, if not for all.
        why: A reason for the derivative, told from the input's name and number.
        flow: What it sends back to an input, given the input's position, the
            inputs' names and dimensions, and what arrives; empty where
            nothing is simple.
        asks: Whether it is a question, whose result is True or False.
        touches: Whether it reads or writes a part of its first input.
    """

    symbol: str = ""
    infix: bool = False
    verb: str = ""
    by_dimensions: Callable[[Dimensions], str] | None = None
    always: bool = False
    back: str = ""
    local: tuple[Formula, ...] = ()
    holds: Callable[[Sequence[Number]], bool] | None = None
    why: Callable[[str, Number], str] | None = None
    flow: Callable[[int, Names, Dimensions, str], str] | None = None
    asks: bool = False
    touches: bool = False


def _product(dimensions: Dimensions) -> str:
    if list(dimensions) == [1, 1]:
        return "takes the dot product"
    if list(dimensions) in ([2, 1], [1, 2]):
        return "multiplies a matrix and a vector"
    return "multiplies matrices" if min(dimensions) > 1 else ""


def _product_flow(position: int, names: Names, dimensions: Dimensions, arriving: str) -> str:
    if position == 0 and list(dimensions) == [2, 2]:
        return f"{arriving} @ {names[1]}ᵀ"
    if position == 1 and dimensions[0] == 2 and dimensions[1] <= 2:
        return f"{names[0]}ᵀ @ {arriving}"
    return ""


def _linear(dimensions: Dimensions) -> str:
    return "multiplies by a matrix" + " and adds" * (len(dimensions) == 3)


def _linear_flow(position: int, names: Names, dimensions: Dimensions, arriving: str) -> str:
    if dimensions[0] != 2:
        return ""
    return (
        f"{arriving} @ {names[1]}",
        f"({arriving})ᵀ @ {names[0]}",
        f"the sum of {arriving} over its rows",
    )[position]


def _relu_why(name: str, number: Number) -> str:
    if isinstance(number, complex) or number != number:
        return f"(PyTorch's choice at {name} = nan)"
    if number == 0:
        return f"(PyTorch's choice at {name} = 0)"
    return f"since {name} {'>' if number > 0 else '<'} 0"


def _power(x: Names, _: str) -> str:
    return f"2 · {x[0]}" if x[1] == "2" else f"{x[1]} · {x[0]}^({x[1]} − 1)"


_MATMUL = Kind("@", True, by_dimensions=_product, flow=_product_flow)
OPERATIONS: dict[str, Kind] = {
    "add": Kind("+", True, "adds", back="passes the gradient on"),
    "sub": Kind("−", True, "subtracts"),
    "mul": Kind("×", True, "multiplies", local=(lambda x, y: x[1], lambda x, y: x[0])),
    "div": Kind(
        "÷", True, "divides", local=(lambda x, y: f"1 / {x[1]}", lambda x, y: f"−{x[0]} / {x[1]}²")
    ),
    "pow": Kind(
        "^", True, "raises to a power", local=(_power,), holds=lambda given: given[0] != 0
    ),  # at 0 ^ 0 PyTorch says 0, and the formula 0 · 0 ^ −1
    "floor_divide": Kind("//", True, "divides and rounds down"),
    "remainder": Kind("%", True, "takes the remainder"),
    "matmul": _MATMUL,
    "mm": _MATMUL,
    "mv": _MATMUL,
    "dot": _MATMUL,
    "linear": Kind(by_dimensions=_linear, flow=_linear_flow),
    "neg": Kind("−", verb="changes the sign"),
    "square": Kind(verb="squares", local=(lambda x, y: f"2 · {x[0]}",)),
    "sqrt": Kind(verb="takes the root", local=(lambda x, y: f"1 / (2 · {y})",)),
    "reciprocal": Kind(verb="takes the reciprocal", local=(lambda x, y: f"−{y}²",)),
    "exp": Kind(verb="takes the exponential", local=(lambda x, y: y,)),
    "log": Kind(verb="takes the logarithm", local=(lambda x, y: f"1 / {x[0]}",)),
    "sigmoid": Kind(local=(lambda x, y: f"{y} · (1 − {y})",)),
    "tanh": Kind(local=(lambda x, y: f"1 − {y}²",)),
    "sin": Kind(local=(lambda x, y: f"cos({x[0]})",)),
    "cos": Kind(local=(lambda x, y: f"−sin({x[0]})",)),
    "relu": Kind(
        "ReLU",
        verb="keeps what is positive",
        back="lets the gradient through where its input is positive",
        why=_relu_why,
    ),
    "sum": Kind(verb="adds up", always=True),
    "mean": Kind(verb="averages", always=True),
    "mse_loss": Kind(verb="averages squared errors"),
    "cat": Kind(verb="joins", always=True),
    "where": Kind(verb="chooses"),
    "getitem": Kind("[ ]", verb="picks from", always=True, touches=True),
    "setitem": Kind("[ ] ←", verb="writes into", always=True, touches=True),
    "gt": Kind(">", True, asks=True),
    "ge": Kind("≥", True, asks=True),
    "lt": Kind("<", True, asks=True),
    "le": Kind("≤", True, asks=True),
    "eq": Kind("==", True, asks=True),
    "ne": Kind("≠", True, asks=True),
    "logical_not": Kind("not"),
}
# Other names of the same operations.
SAME = {
    "true_divide": "div", "divide": "div", "multiply": "mul", "subtract": "sub", "negative": "neg",
    "greater": "gt", "greater_equal": "ge", "less": "lt", "less_equal": "le", "not_equal": "ne",
    "concat": "cat", "concatenate": "cat",
}  # fmt: skip
_UNKNOWN = Kind()


def base_name(name: str) -> str:
    """The name without what says that it writes in place: `add` for `add_`."""
    base = name.rstrip("_")
    return SAME.get(base, base)


def kind_of(name: str) -> Kind:
    """The row of an operation; an empty one for those that have none."""
    return OPERATIONS.get(base_name(name), _UNKNOWN)


def is_plain(op: Operation) -> bool:
    """Whether a call says no more than which inputs it reads: no `alpha=2`, no `dim=0`."""
    if not op.arguments:
        return True
    written = [argument for argument in op.arguments if not argument.default]
    listed = ("{}", "[{}]", "[{}, {}]", "[{}, {}, {}]", "({}, {})", "({}, {}, {})")
    if any(argument.text not in listed for argument in written):
        return False
    read = [i for argument in written for i in argument.inputs]
    return not any(argument.keyword for argument in written) and read == list(range(len(op.inputs)))


def symbol_of(op: Operation) -> str:
    """How an operation is drawn: `×`, `ReLU`, or its name; `+ in place` where it writes."""
    kind = kind_of(op.name)
    if not kind.symbol or not (kind.touches or is_plain(op)):
        return op.name
    return f"{kind.symbol} in place" if op.name.endswith("_") else kind.symbol


def verb_of(op: Operation, dimensions: Dimensions, *, backward: bool = False) -> str:
    """What an operation does, in a word or two; empty where nothing true is short."""
    kind = kind_of(op.name)
    if not (kind.always or is_plain(op)):
        return ""
    if backward and (kind.back or kind.touches):
        return kind.back
    return kind.verb if kind.by_dimensions is None else kind.by_dimensions(dimensions)
