"""Code to be repaired: the stub is not attempted, each repair is right, and no plaster is."""

import pytest
import torch
import torch.nn.functional as F
from answers import verdict

from lesson_utils.exercises.catalogue import CATALOGUE
from lesson_utils.exercises.repaired import like


def judged(id, source, folder):
    space = {"torch": torch, "F": F}
    exec(source, space)
    names = [name for name in space if name not in ("torch", "F", "__builtins__")]
    return verdict(CATALOGUE[id], space[names[-1]], folder)


def in_parts(*lines):
    return "def in_parts(model, X, y):\n" + "\n".join(f"    {line}" for line in lines)


def carry(*lines, end="return h"):
    body = "\n".join(f"        {line}" for line in lines)
    return (
        "def carry(w, batches):\n    h = torch.tensor(0.)\n    for x in batches:\n"
        f"{body}\n    {end}"
    )


def grow(*lines):
    return "def grow(w, x):\n" + "\n".join(f"    {line}" for line in lines)


def mean_loss(kept, returned, before="losses = []"):
    return (
        f"def mean_loss(w, batches):\n    {before}\n    for x in batches:\n"
        f"        losses.append({kept})\n    return {returned}"
    )


def log_or_zero(*lines):
    return "def log_or_zero(w, x):\n" + "\n".join(f"    {line}" for line in lines)


LOSS = "((w * x - 1.) ** 2).mean()"
STEP = ("loss = (h - 1.) ** 2", "loss.backward()")

REPAIRS = [
    ("06.7", in_parts("for rows in ([0, 1], [2, 3], [4]):",
                      "    (F.mse_loss(model(X[rows]), y[rows]) * len(rows) / 5).backward()")),
    ("06.7", in_parts("for i in range(5):",
                      "    ((model(X[i:i+1]) - y[i]) ** 2 / 5).sum().backward()")),
    ("06.7", in_parts("for rows in (slice(0, 2), slice(2, 5)):",
                      "    F.mse_loss(model(X[rows]), y[rows], reduction='sum').backward()",
                      "for p in model.parameters():", "    p.grad /= 5")),
    ("07.3", carry("h = torch.tanh(w * h + x)", *STEP, "h = h.detach()")),
    ("07.3", carry("h = torch.tanh(w * h + x)", *STEP, "h.detach_()")),
    ("07.3", carry("h = torch.tanh(w * h.item() + x)", *STEP)),
    ("07.4", grow("return (torch.exp(w * x) + 1.).sum()")),
    ("07.4", grow("e = torch.exp(w * x).clone()", "e += 1.", "return e.sum()")),
    ("07.4", grow("e = torch.exp(w * x)", "return e.sum() + len(e)")),
    ("07.7", mean_loss(f"{LOSS}.detach()", "torch.stack(losses).mean()")),
    ("07.7", "def mean_loss(w, batches):\n    losses = []\n    with torch.no_grad():\n"
             f"        for x in batches:\n            losses.append({LOSS})\n"
             "    return torch.stack(losses).mean()"),
    ("07.7", mean_loss(f"float({LOSS}.detach())", "torch.tensor(losses).mean()")),
    ("07.8", log_or_zero("z = w * x", "z = torch.where(z > 0., z, 1.)",
                         "return torch.log(z).sum()")),
    ("07.8", log_or_zero("z = w * x", "return torch.log(z[z > 0.]).sum()")),
    ("07.8", log_or_zero("z = w * x", "z = z.masked_fill(z <= 0., 1.)", "return z.log().sum()")),
]  # fmt: skip
PLASTERS = [
    ("06.7", in_parts("F.mse_loss(model(X), y).backward()"), "5 flowers went through"),
    ("06.7", in_parts("with torch.no_grad():", "    model(X[:3])"), "has no gradient"),
    ("06.7", in_parts("1 / 0"), "raised ZeroDivisionError"),
    ("07.3", carry("h = torch.tanh(w * h + x)", STEP[0], "loss.backward(retain_graph=True)",
                   end="return h.detach()"), "not the sum of each batch's own"),
    ("07.3", carry("h = torch.tanh(w * 0. + x)", *STEP), "The state in the end"),
    ("07.3", carry("h = torch.tanh(w * h + x).detach()", "h.requires_grad_()", *STEP), "w.grad"),
    ("07.3", carry("old = h", "h = torch.tanh(w * old.detach() + x)", STEP[0],
                   "loss.backward(retain_graph=True)", "h = h + 0. * old"), "the more is held"),
    ("07.4", grow("with torch.no_grad():", "    e = torch.exp(w * x)", "    e += 1.",
                  "return e.sum()"), "the way back"),
    ("07.4", grow("e = torch.exp(w * x)", "return e.sum()"), "another number"),
    ("07.4", grow("return float(x.sum())"), "another number"),
    ("07.8", log_or_zero("return x.sum()"), "another number"),
    ("07.8", log_or_zero("return torch.log((w * x)[w * x > 0.]).sum().item()"), "no path leads"),
    ("07.7", mean_loss(LOSS, "sum(losses).item() / len(losses)"), "every batch adds"),
    ("07.7", mean_loss(f"{LOSS}.item()", "sum(losses)"), "the mean of the losses"),
    ("07.7", "def mean_loss(w, batches):\n    losses = []\n    for x in batches:\n"
             f"        loss = {LOSS}\n        losses.append(loss.item())\n"
             "    return loss - loss.detach() + sum(losses) / len(losses)", "still holds a graph"),
    ("07.8", log_or_zero("z = w * x",
                         "return torch.nan_to_num(torch.where(z > 0., torch.log(z), 0.)).sum()"),
     "the gradient in the graph is not"),
    ("07.8", log_or_zero("z = w.detach() * x", "z = torch.where(z > 0., z, 1.)",
                         "return torch.log(z).sum()"), "no path leads back"),
]  # fmt: skip


@pytest.mark.parametrize(("id", "source"), REPAIRS)
def test_each_repair_is_right(id, source, tmp_path):
    said = judged(id, source, tmp_path)
    assert said.status == "right", said.text


@pytest.mark.parametrize(("id", "source", "says"), PLASTERS)
def test_no_plaster_is_right(id, source, says, tmp_path):
    said = judged(id, source, tmp_path)
    assert said.status == "not yet" and says in said.text, said.text


def test_broken_code_is_not_attempted_wherever_it_is_written_until_it_is_another(tmp_path):
    stub = CATALOGUE["07.4"].stub.partition("\n\ncheck")[0]
    assert judged("07.4", f"\n\n{stub}  # still the same", tmp_path).status == "not attempted"
    assert judged("07.4", stub.replace("1.", "2."), tmp_path).status == "not yet"
    assert "without calling it" in verdict(CATALOGUE["07.4"], 3.0, tmp_path).text


def test_a_function_of_ones_own_passes_in_another_style_and_needs_its_class(tmp_path):
    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.slope = torch.sigmoid(z) * torch.sigmoid(-z)
            return torch.heaviside(z, torch.tensor(0.0))

        @staticmethod
        def backward(ctx, g):
            return ctx.slope * g

    assert verdict(CATALOGUE["07.6"], Step, tmp_path).status == "right"
    assert "the class itself" in verdict(CATALOGUE["07.6"], Step.apply, tmp_path).text
    assert "the class itself" in verdict(CATALOGUE["07.6"], torch.nn.Module, tmp_path).text


def test_a_function_without_a_way_back_is_told_so(tmp_path):
    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            return (z > 0).to(z)

        @staticmethod
        def backward(ctx, g):
            return None

    assert "its gradient is not" in verdict(CATALOGUE["07.6"], Step, tmp_path).text


def test_a_function_is_recognised_by_what_it_gives():
    z = torch.tensor([1.0, -2.0])
    slip = like(lambda it: [it(z)], "def twice(z):\n    return 2 * z", "twice", "No.")
    assert slip.matches(lambda z: z + z)
    assert not slip.matches(lambda z: z) and not slip.matches(lambda z: (2 * z)[None])
