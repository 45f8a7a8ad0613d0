"""Programs that fail in ways of their own: no explanation, or a right one, and nothing changed."""

import sys
import traceback

import pytest
from failing import program

from lesson_utils import why
from lesson_utils.clinic.diagnosis import explain, explain_last
from lesson_utils.clinic.scene import scene_of

OTHERS = {
    "wrong shapes": "leaf(1.0, 2.0) @ torch.ones(3, 3)",
    "a key": "{}['loss'].backward()",
    "an index": "leaf(1.0, 2.0)[7]",
    "division": "1 / 0",
    "an attribute": "leaf(1.0).bakward()",
    "a dtype": "torch.ones(2, 2) @ torch.ones(2, 2, dtype=torch.long)",
    "a device": "torch.ones(2, device='meta') + nn.Linear(2, 2)(torch.ones(2, 2)).tolist()",
    "no such device": "torch.ones(2).to('privateuseone:9')",
    "no parameters": "torch.optim.SGD([], lr=0.1)",
    "a state that does not fit": "nn.Linear(2, 2).load_state_dict({'weight': torch.ones(3)})",
    "a deep copy": "import copy\nw = leaf(2.0)\ncopy.deepcopy({'h': w * 2})",
    "a hook of what has no graph": "torch.ones(2).register_hook(print)",
    "a gradient of another size": "leaf(1.0, 2.0).grad = torch.ones(3)",
    "functorch": "torch.func.grad(lambda x: x * 2)(torch.ones(3))",
    "functorch inside": "torch.func.vmap(lambda x: x.item())(torch.ones(3))",
    "a script": "torch.jit.script(lambda x: x)(1)",
    "a target out of range": "F.cross_entropy(torch.ones(2, 3), torch.tensor([5, 5]))",
    "interrupted": "raise KeyboardInterrupt",
    "left": "import sys\nsys.exit('in-place second time not require grad scalar')",
    "without end": "def again(n):\n    return again(n + 1)\nagain(0)",
    "syntax": "compile('loss.backward(', 'cell', 'exec')",
    "a text that fails": """
        class Odd(RuntimeError):
            def __str__(self):
                raise ValueError('no text')
        raise Odd
    """,
    "a hook's assertion": """
        w = leaf(2.0)
        w.register_hook(lambda gradient: (_ for _ in ()).throw(AssertionError('second time')))
        (w * 2).backward()
    """,
    "nested": """
        try:
            {}['a']
        except KeyError as error:
            raise ValueError('backward through the graph a second time') from error
    """,
    "their own backward method": """
        class Layer:
            def backward(self):
                raise RuntimeError('element 0 of tensors does not require grad and has no grad_fn')
        layer, w = Layer(), leaf(2.0)
        layer.backward()
    """,
    "their own backward, in place": """
        def backward(tensors):
            raise RuntimeError('a leaf Variable is being used in an in-place operation')
        z = torch.ones(2)
        backward(z)
    """,
    "their own Function": """
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
            @staticmethod
            def backward(ctx, gradient):
                return gradient.nothing
        Double.apply(leaf(2.0)).backward()
    """,
    "their own Function, in our words": """
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x * 2
            @staticmethod
            def backward(ctx, gradient):
                raise RuntimeError('backward a second time, inplace, does not require grad, freed')
        w = leaf(2.0)
        y = Double.apply(torch.exp(w)) ** 2  # whose node the pass has freed by then
        y.backward()
    """,
    "a Function with too many gradients": """
        class Double(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2
            @staticmethod
            def backward(ctx, gradient):
                return gradient, gradient
        Double.apply(leaf(2.0)).backward()
    """,
    "a thread's": """
        import threading
        found = []
        def work():
            try:
                1 / 0
            except ZeroDivisionError as error:
                found.append(error)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        raise found[0]
    """,
    "a worker's": """
        from torch.utils.data import DataLoader, Dataset
        class Broken(Dataset):
            def __len__(self):
                return 2
            def __getitem__(self, i):
                raise ValueError('does not require grad')
        list(DataLoader(Broken(), num_workers=1))
    """,
    "no inputs": "(leaf(2.0) * 2).backward(inputs=[])",
    "backward of a number": "(leaf(2.0) * 2).item().backward()",
    "grad of nothing": "grad([], [])",
    "a leaf on the way": "(leaf(2.0) * 2).requires_grad_(False)",
}
if sys.version_info >= (3, 11):
    OTHERS["a group"] = "raise ExceptionGroup('second time', [RuntimeError('not require grad')])"


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.filterwarnings("ignore")
def test_an_error_of_another_kind_is_left_alone(name):
    run = program(OTHERS[name])
    error = run.error
    assert error is not None
    before = _seen(error)
    assert explain(error) is None, explain(error).text
    told = explain_last(error)
    assert _seen(error) == before
    assert told.family == "not autograd's" and type(error).__name__ in told.text
    assert len(told.says) == 1 and not told.repairs


def _seen(error):
    """All that can be seen of an error, and the objects that must stay the same."""
    try:
        lines = traceback.format_exception(error)
    except Exception as own:
        lines = [type(own).__name__]
    frames, step = [], error.__traceback__
    while step is not None:
        frames.append((id(step), id(step.tb_frame), step.tb_lineno))
        step = step.tb_next
    return (
        lines, frames, error.args, error.__context__, error.__cause__, error.__suppress_context__,
        sorted(getattr(error, "__dict__", {})), getattr(error, "__notes__", None),
    )  # fmt: skip


def test_an_explained_error_is_not_changed_either():
    run = program("w = leaf(2.0)\nloss = torch.exp(w)\nloss.backward()\nloss.backward()")
    before = _seen(run.error)
    assert run.why().family == "freed graph"
    assert _seen(run.error) == before


def test_nothing_has_failed_yet(monkeypatch):
    for name in ("last_exc", "last_value"):
        monkeypatch.delattr(sys, name, raising=False)
    assert why().family == "nothing"
    assert explain_last(None).says == why().says


def test_the_error_that_is_handled_comes_before_the_last():
    run = program("w = leaf(2.0)\nloss = torch.exp(w)\nloss.backward()\nloss.backward()")
    try:
        raise run.error
    except RuntimeError:
        assert why().family == "freed graph"


def test_an_explainer_that_fails_says_so(monkeypatch):
    run = program("w = leaf(1.0, 2.0)\nw.backward()")

    def broken(evidence):
        raise KeyError("ours")

    monkeypatch.setattr("lesson_utils.clinic.diagnosis._ERRORS", (broken,))
    told = explain_last(run.error)
    assert told.family == "not autograd's" and "KeyError" in told.text
    assert told.says[0].endswith("read its traceback.")


def test_something_else_is_refused():
    with pytest.raises(TypeError, match="not int: write why"):
        why(3)
    with pytest.raises(TypeError, match="not list"):
        why([])


def test_a_frame_that_has_not_begun_has_a_place_without_a_column():
    frame = (_ for _ in ()).gi_frame
    assert scene_of(frame, frame.f_lineno, -1).line == frame.f_lineno
