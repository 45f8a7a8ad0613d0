"""What the lesson relies on in torch's private parts, name by name; and that one module has them.

When a new torch comes, run this first: a test that fails names what has changed.
"""

import ast
import inspect
import pkgutil
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch.autograd.graph import saved_tensors_hooks
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

import lesson_utils
from lesson_utils.capture import torch_internals as internals

PACKAGE = Path(lesson_utils.__file__).parent
HOME = PACKAGE / "capture" / "torch_internals.py"


class Heard(TorchFunctionMode):
    """Notes the names of the calls that a function mode sees."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


class Below(internals.OperatorMode):
    """Notes the operators that a dispatch mode sees."""

    def __init__(self):
        super().__init__()
        self.names = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func.overloadpacket.__name__)
        return func(*args, **(kwargs or {}))


class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


class WithVjp(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def vjp(ctx, gradient):
        return 2 * gradient


def leaf(*numbers):
    return torch.tensor(numbers or 2.0, requires_grad=True)


# --- Modes and switches of a thread


def test_disable_torch_function_hides_calls_from_modes():
    x = torch.ones(2)
    with Heard() as heard:
        with internals.DisableTorchFunction():
            x.exp()
        x.sin()
    assert heard.names == ["sin"]


def test_disable_torch_function_can_be_entered_by_hand_and_nested():
    x = torch.ones(2)
    with Heard() as heard:
        for _ in range(2):
            guard = internals.DisableTorchFunction()
            guard.__enter__()
            with internals.DisableTorchFunction():
                x.exp()
            x.cos()
            guard.__exit__(None, None, None)
        x.sin()
    assert heard.names == ["sin"]


def test_enable_torch_function_shows_calls_to_modes_again():
    x = torch.ones(2)
    with Heard() as heard, internals.DisableTorchFunction():
        with internals.EnableTorchFunction():
            x.exp()
        x.sin()
    assert heard.names == ["exp"]


def test_set_grad_enabled_does_so_at_once():
    assert torch.is_grad_enabled()
    internals.set_grad_enabled(False)
    try:
        assert not torch.is_grad_enabled() and not leaf().exp().requires_grad
    finally:
        internals.set_grad_enabled(True)
    assert leaf().exp().requires_grad


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_is_any_autocast_enabled_on_each_device(device):
    assert not internals.is_any_autocast_enabled()
    was = torch.is_autocast_enabled(device)
    torch.set_autocast_enabled(device, True)  # `torch.autocast` refuses a device that is not there
    try:
        assert internals.is_any_autocast_enabled()
    finally:
        torch.set_autocast_enabled(device, was)
    assert not internals.is_any_autocast_enabled()


def test_disable_autocast_lasts_as_long_as_its_block():
    x = torch.ones(2, 2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with internals.DisableAutocast():
            assert not internals.is_any_autocast_enabled() and (x @ x).dtype == torch.float32
        assert internals.is_any_autocast_enabled() and (x @ x).dtype == torch.bfloat16


def test_dispatch_mode_count_counts_dispatch_modes_alone():
    assert internals.dispatch_mode_count() == 0
    with Heard(), Below():
        assert internals.dispatch_mode_count() == 1
        with Below():
            assert internals.dispatch_mode_count() == 2
    assert internals.dispatch_mode_count() == 0


def test_disable_current_modes_hides_operators_from_dispatch_modes():
    x = torch.ones(2)
    with Below() as below:
        with internals.disable_current_modes():
            x.exp()
            assert internals.dispatch_mode_count() == 0
        x.sin()
    assert below.names == ["sin"]


@pytest.mark.filterwarnings("ignore:.*jit:DeprecationWarning")
def test_is_tracing_while_torch_jit_trace_runs():
    found = []

    def watched(x):
        found.append(internals.is_tracing())
        return 2 * x

    watched(torch.ones(2))
    torch.jit.trace(watched, torch.ones(2), check_trace=False)
    watched(torch.ones(2))
    assert found == [False, True, False]


@pytest.mark.parametrize("transform", [torch.func.grad, torch.func.vmap])
def test_are_functorch_transforms_active_inside_of_one(transform):
    found = []

    def watched(x):
        found.append(internals.are_functorch_transforms_active())
        return x * x

    watched(torch.ones(()))
    transform(watched)(torch.ones(() if transform is torch.func.grad else 3))
    watched(torch.ones(()))
    assert found == [False, True, False]


def test_operator_mode_sees_operators_of_backward_passes_too():
    x = leaf()
    with Below() as below:
        (x * x).backward()
    assert "mul" in below.names and below.names.count("mul") == 3


def test_operator_mode_does_not_import_the_compiler():
    code = """if True:
        import sys, torch
        from lesson_utils.capture.torch_internals import OperatorMode
        class Mode(OperatorMode):
            def __torch_dispatch__(self, func, types, args=(), kwargs=None):
                return func(*args, **(kwargs or {}))
        with Mode():
            torch.ones(2).exp()
        sys.exit("torch._dynamo" in sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False)
    assert done.returncode == 0


# --- Nodes of the backward graph


def test_sequence_numbers_grow_with_each_node():
    x = leaf()
    before = internals.next_sequence_number()
    y = x * x
    z = y.exp()
    numbers = [internals.sequence_number(tensor.grad_fn) for tensor in (y, z)]
    assert numbers == [before, before + 1] and internals.next_sequence_number() == before + 2


def test_sequence_numbers_of_own_functions_are_in_the_same_row():
    x = leaf()
    before = internals.next_sequence_number()
    y = Double.apply(x)
    assert before <= internals.sequence_number(y.grad_fn) < internals.next_sequence_number()


def test_no_sequence_number_is_used_where_no_node_is_made():
    before = internals.next_sequence_number()
    with torch.no_grad():
        leaf().exp()
    torch.ones(2).exp()
    assert internals.next_sequence_number() == before


def test_sequence_numbers_start_at_zero_in_a_new_thread():
    found = []

    def work():
        found.append(internals.next_sequence_number())
        found.append(internals.sequence_number(leaf().exp().grad_fn))

    leaf().exp()
    assert internals.next_sequence_number() > 0
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [0, 0]


def test_the_sequence_number_of_a_leaf_is_above_all_others():
    (accumulate, _), _ = (leaf() * leaf()).grad_fn.next_functions
    assert internals.sequence_number(accumulate) == 2**64 - 1


def test_input_metadata_tells_of_each_output_of_the_operation():
    low, high = torch.aminmax(torch.ones(2, 3, dtype=torch.float64, requires_grad=True), dim=1)
    both = internals.input_metadata(low.grad_fn)
    assert low.grad_fn is high.grad_fn and len(both) == 2
    for metadata in both:
        assert (*metadata.shape,) == (2,) and metadata.dtype == torch.float64
        assert metadata.device == torch.device("cpu")


def test_function_nodes_are_those_of_own_functions_and_their_ctx():
    found = []

    class Watched(Double):
        @staticmethod
        def forward(ctx, x):
            found.append(ctx)
            return 2 * x

    y = Watched.apply(leaf())
    assert y.grad_fn is found[0] and isinstance(y.grad_fn, internals.FunctionNode)
    assert not isinstance(leaf().exp().grad_fn, internals.FunctionNode)


def test_forward_class_is_the_function_and_torchs_own_nodes_have_none():
    node = leaf().exp().grad_fn
    assert internals.forward_class(Double.apply(leaf()).grad_fn) is Double
    assert internals.forward_class(node, None) is None
    with pytest.raises(AttributeError):
        internals.forward_class(node)


def test_forward_class_of_a_checkpoint_says_where_it_comes_from():
    y = checkpoint(torch.exp, leaf(), use_reentrant=True)
    assert internals.forward_class(y.grad_fn).__module__ == "torch.utils.checkpoint"


def test_user_backward_is_the_students_own_function():
    assert internals.user_backward(Double.apply(leaf()).grad_fn) is Double.backward
    assert internals.user_backward(WithVjp.apply(leaf()).grad_fn) is WithVjp.vjp


def test_default_saved_tensors_hooks_are_those_of_the_innermost_block():
    def pack(tensor):
        return tensor

    def unpack(tensor):
        return tensor

    assert internals.default_saved_tensors_hooks(True) is None
    with saved_tensors_hooks(str, str), saved_tensors_hooks(pack, unpack):
        assert internals.default_saved_tensors_hooks(True) == (pack, unpack)
    assert internals.default_saved_tensors_hooks(True) is None


def raw(tensor, name):
    """What a node keeps under a name: one holder or several, which last as long as the tensor."""
    named = {short: long for long, short in internals.raw_saved_names(type(tensor.grad_fn))}
    return getattr(tensor.grad_fn, named[name])


def test_raw_saved_names_hold_the_tensors_that_a_node_saved():
    x, w = leaf(), leaf()
    y = x * w
    assert {short for _, short in internals.raw_saved_names(type(y.grad_fn))} == {"self", "other"}
    assert raw(y, "self").data is x and raw(y, "other").data is w
    assert raw(y, "self").unpack_hook is None


def test_raw_saved_data_is_none_once_freed():
    y = leaf() * leaf()
    y.backward()
    assert raw(y, "self").data is None and raw(y, "other").data is None


def test_raw_saved_data_is_kept_by_a_pass_that_retains_the_graph():
    x = leaf()
    y = x * leaf()
    y.backward(retain_graph=True)
    assert raw(y, "self").data is x


def test_raw_saved_data_is_none_where_nothing_needed_to_be_saved():
    y = leaf() * torch.ones(())
    assert raw(y, "self").data is None and raw(y, "other").data is not None


def test_raw_saved_lists_raise_once_freed():
    x, index = leaf(1.0, 2.0), torch.tensor([0])
    y = x[index]
    assert raw(y, "indices")[0].data is not None
    y.sum().backward()
    with pytest.raises(RuntimeError):
        raw(y, "indices")


def test_raw_saved_data_of_an_own_function_is_the_tensors_that_it_saved():
    class Square(Double):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

    x = leaf()
    y = Square.apply(x)
    (held,) = raw(y, "tensors")
    assert held.data is x
    y.backward()
    with pytest.raises(RuntimeError):
        raw(y, "tensors")


def test_raw_saved_data_is_what_a_hook_packed_and_reading_it_runs_no_hook():
    asked = []
    with saved_tensors_hooks(lambda tensor: "packed", asked.append):
        y = leaf() * leaf()
    assert raw(y, "self").data == "packed" and raw(y, "self").unpack_hook == asked.append
    assert not asked


def test_saved_attribute_gives_out_what_was_saved_and_raises_once_it_is_freed_or_spoilt():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = torch.tensor(2.0, requires_grad=True)
    for make, name in ((torch.exp, "result"), (lambda x: Twice.apply(x * 1.0), "tensors")):
        made = make(w)
        node = made.grad_fn
        attribute = internals.saved_attribute(type(node), name)
        assert getattr(node, attribute) is not None
        made.backward()
        with pytest.raises(RuntimeError):
            getattr(node, attribute)
    made = torch.exp(w)
    attribute = internals.saved_attribute(type(made.grad_fn), "result")
    with torch.no_grad():
        made += 1
    with pytest.raises(RuntimeError):
        getattr(made.grad_fn, attribute)


def test_held_by_module_runs_no_code_of_the_modules():
    class Loud(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.number = torch.nn.Linear(1, 1), 3
            self.register_buffer("mean", torch.zeros(1))

        def __getattr__(self, name):
            asked.append(name)
            return super().__getattr__(name)

    asked = []
    module = Loud()
    asked.clear()
    inner = internals.held_by_module(module, "inner")
    assert isinstance(inner, torch.nn.Linear)
    assert internals.held_by_module(inner, "weight").requires_grad
    assert internals.held_by_module(module, "mean").shape == (1,)
    assert internals.held_by_module(module, "number") == 3
    assert internals.held_by_module(module, "nothing") is None
    assert asked == []


def test_wrapped_node_is_the_writes_own_where_torch_shows_it():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)
    z = x.clone()
    z[0] *= w[0]
    found = internals.wrapped_node(z.grad_fn)
    assert type(z.grad_fn).__name__ == "CopySlices"
    if torch.__version__ < "2.14":
        assert found is None
    else:
        assert found.name() == "MulBackward0"
    assert internals.wrapped_node(x.exp().grad_fn) is None


# --- Tensors and storages


def test_an_in_place_write_raises_the_version_by_one():
    x = torch.ones(3)
    assert internals.version_counter(x) == 0
    x.add_(1)
    x[0] = 5
    assert internals.version_counter(x) == 2


def test_a_write_through_a_view_raises_the_version_of_both():
    x = torch.ones(3)
    view, same = x[1:], x.detach()
    view.add_(1)
    assert [internals.version_counter(tensor) for tensor in (x, view, same)] == [1, 1, 1]


def test_a_write_through_data_does_not_raise_the_version():
    x = torch.ones(3)
    x.data.add_(1)
    assert internals.version_counter(x) == 0 and x.tolist() == [2, 2, 2]


def test_an_inference_tensor_has_no_version():
    with torch.inference_mode():
        x = torch.ones(3)
    with pytest.raises(RuntimeError):
        internals.version_counter(x)


def test_view_base_is_the_whole_tensor_of_a_view_of_a_view():
    x = torch.ones(3)
    assert internals.view_base(x[1:][0]) is x
    assert internals.view_base(x) is None and internals.view_base(x.clone()) is None
    assert internals.view_base(x.detach()[1:]) is not x


def test_backward_hooks_are_there_until_they_are_removed():
    x = leaf()
    assert not internals.backward_hooks(x)

    def hook(gradient):
        return None

    handle = x.register_hook(hook)
    assert list(internals.backward_hooks(x).values()) == [hook]
    handle.remove()
    assert not internals.backward_hooks(x)


def test_storage_id_is_one_for_all_tensors_on_the_same_memory():
    x = torch.ones(3)
    ids = [internals.storage_id(tensor.untyped_storage()) for tensor in (x, x[1:], x.detach())]
    assert ids == [ids[0]] * 3
    other = x.clone()
    assert internals.storage_id(other.untyped_storage()) != ids[0]


@pytest.mark.filterwarnings("ignore:Sparse invariant:UserWarning")
def test_sparse_indices_and_values_are_no_copies_and_need_no_coalescing():
    indices, values = torch.tensor([[0, 0, 2]]), torch.tensor([1.0, 2.0, 3.0])
    sparse = torch.sparse_coo_tensor(indices, values, (3,))
    with pytest.raises(RuntimeError):
        sparse.values()
    for whole, part in (
        (indices, internals.sparse_indices(sparse)),
        (values, internals.sparse_values(sparse)),
    ):
        assert torch.equal(part, whole) and part.data_ptr() == whole.data_ptr()
    with pytest.raises(NotImplementedError):
        sparse.untyped_storage()


# --- Functions and operators


def test_op_overloads_are_operators_with_one_signature():
    add = torch.ops.aten.add
    assert isinstance(add.Tensor, internals.OpOverload) and add.Tensor.namespace == "aten"
    assert not isinstance(add, internals.OpOverload) and not isinstance(
        torch.add, internals.OpOverload
    )


def test_schema_tells_names_kinds_and_defaults_of_arguments():
    told = internals.schema(torch.ops.aten.sum.dim_IntList).arguments
    assert [argument.name for argument in told] == ["self", "dim", "keepdim", "dtype"]
    assert [str(argument.type) for argument in told[:3]] == [
        "Tensor",
        "Optional[List[int]]",
        "bool",
    ]
    assert [argument.has_default_value() for argument in told] == [False, False, True, True]
    assert told[2].default_value is False
    assert [argument.kwarg_only for argument in told] == [False, False, False, True]
    assert not any(argument.is_out for argument in told)


def test_schema_marks_outputs_and_lists_of_fixed_length():
    out = internals.schema(torch.ops.aten.exp.out).arguments
    assert [argument.is_out for argument in out] == [False, True]
    fixed = {
        argument.name: argument.N
        for argument in internals.schema(torch.ops.aten.conv2d.default).arguments
    }
    assert fixed["stride"] == 2 and fixed["weight"] is None


def test_grad_mode_setter_is_what_modes_see_of_grad_modes():
    with Heard() as heard:
        torch.set_grad_enabled(True)
        with torch.no_grad():
            pass
    assert set(heard.names) == {internals.GRAD_MODE_SETTER}


def test_threshold_is_what_modes_see_of_the_function():
    x = torch.ones(2)
    with Heard() as heard:
        F.threshold(x, 0.1, 20)
    assert heard.names[0] == internals.THRESHOLD


def test_tree_leaves_are_all_that_containers_hold_in_order():
    x, y, z = torch.ones(3)
    found = internals.tree_leaves(((x, [y, 2]), {"a": z, "b": "text"}, None))
    expected = [x, y, 2, z, "text", None]
    assert all(a is b for a, b in zip(found, expected, strict=True))


# --- One module has them


def is_private(name):
    return name[:1] == "_" and name[:2] != "__" and len(name) > 1


def dotted(expression):
    """`torch._C` of the expression that says so; empty for what is no chain of names."""
    if isinstance(expression, ast.Name):
        return expression.id
    if isinstance(expression, ast.Attribute):
        before = dotted(expression.value)
        return before and f"{before}.{expression.attr}"
    return ""


def imported(tree):
    """What the names of a module's imports stand for, as `package.module:name`."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for item in node.names:
                found[item.asname or item.name.split(".")[0]] = item.name
        elif isinstance(node, ast.ImportFrom):
            found |= {item.asname or item.name: f"{node.module}:{item.name}" for item in node.names}
    return found


def own_names(tree):
    """Private methods of the classes in a tree; their fields, and what `self` is given."""
    methods, fields = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    methods.add(inner.name)
                elif isinstance(inner, ast.AnnAssign):
                    fields.add(dotted(inner.target))
                elif isinstance(inner, ast.Assign):
                    fields |= {dotted(target) for target in inner.targets}
        elif isinstance(node, ast.Attribute) and dotted(node.value) == "self":
            fields |= {node.attr} if isinstance(node.ctx, ast.Store) else set()
    return {name for name in methods if is_private(name)}, {n for n in fields if is_private(n)}


def foreign_bases(tree, sources):
    """The classes of a module with the classes from elsewhere that they extend."""
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            first, _, rest = dotted(base).partition(".")
            if first in sources:
                kind = pkgutil.resolve_name(".".join(filter(None, [sources[first], rest])))
                yield node, [up for up in getattr(kind, "__mro__", ()) if up is not object]


def inherited_of_ours(tree, sources):
    """Private names that a module's classes have from others of the lesson."""
    for _, ups in foreign_bases(tree, sources):
        for up in ups:
            if up.__module__.split(".")[0] == PACKAGE.name:
                yield from set().union(*own_names(ast.parse(inspect.getsource(up))))


def of_torchs_bases(tree, sources):
    """Private names of torch's classes that a module's own subclasses take over."""
    for node, ups in foreign_bases(tree, sources):
        torchs = {name for up in ups if up.__module__.startswith("torch") for name in vars(up)}
        methods, fields = own_names(node)
        yield from ((node.lineno, name) for name in (methods | fields) & torchs)


def private_names_of_torch(source, methods=frozenset()):
    """Where a module's code uses a private name that is not known to be ours.

    The rule, for a name with one underscore in front:

    * `self._x` and `cls._x` need a class that defines `_x`, in the same module or extended there;
      a subclass of one of torch's classes must not define what torch does;
    * `other._x` needs a class of the lesson with a method `_x` (torch's are not called like those),
      or a module that is not torch's, as in `sys._getframe`;
    * nothing is imported from a private module of torch, and no private name of torch's;
    * no string is such a name, as in `getattr(node, "_x", None)`, but for what `__slots__` lists
      and for the end of a name, as in `name.endswith("_like")`.

    A module's own functions and constants, `_x` without a dot, are never torch's.

    Args:
        source: The code.
        methods: The private methods of all classes of the lesson.

    Returns:
        Line and name.
    """
    tree = ast.parse(source)
    sources = imported(tree)
    own_methods, fields = own_names(tree)
    methods = methods | own_methods
    of_self = own_methods | fields | set(inherited_of_ours(tree, sources))
    found = list(of_torchs_bases(tree, sources))
    passed = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and [*map(dotted, node.targets)] == ["__slots__"]:
            passed |= set(ast.walk(node.value))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "endswith":
            passed |= set(node.args)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            before = dotted(node.value)
            if before in ("self", "cls"):
                known = node.attr in of_self
            else:
                source = sources.get(before.split(".")[0], "")
                elsewhere = bool(source) and ":" not in source and not source.startswith("torch")
                torchs = source.startswith("torch")
                known = elsewhere or (node.attr in methods and not torchs)
            if not known:
                found.append((node.lineno, node.attr))
        elif isinstance(node, ast.Import):
            for item in node.names:
                if item.name.startswith("torch"):
                    found += [(node.lineno, n) for n in item.name.split(".") if is_private(n)]
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "torch":
            parts = [*node.module.split("."), *(item.name for item in node.names)]
            found += [(node.lineno, name) for name in parts if is_private(name)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in passed:
            parts = node.value.split(".")
            if all(part.isidentifier() for part in parts) and any(map(is_private, parts)):
                found.append((node.lineno, node.value))
    return found


@cache
def methods_of_the_lesson():
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py"))
    return frozenset().union(*(own_names(tree)[0] for tree in trees))


@pytest.mark.parametrize(
    "path",
    sorted(set(PACKAGE.rglob("*.py")) - {HOME}),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_no_other_module_uses_a_private_name_of_torch(path):
    source = path.read_text(encoding="utf-8")
    assert not private_names_of_torch(source, methods_of_the_lesson())


@pytest.mark.parametrize(
    "code",
    [
        "import torch\ntorch._C._is_tracing()",
        "import torch\ntorch._C.DisableTorchFunction()",
        "import torch as t\nt._ops.OpOverload",
        "import torch._ops",
        "import torch._ops as operators",
        "from torch import _C",
        "from torch._C import DisableTorchFunction",
        "from torch.utils._python_dispatch import TorchDispatchMode",
        "from torch.utils._pytree import tree_leaves as leaves",
        "def f():\n    from torch._dynamo import reset",
        "node._sequence_nr()",
        "call.nodes[0]._input_metadata[0]",
        "f(x)._version",
        "tensor._base",
        "tensor._base = None",
        "self._sequence_nr()",
        "class A:\n    def f(self, tensor):\n        self._values = tensor._values()",
        "getattr(node, '_wrapped_node', None)",
        "hasattr(node, '_forward_cls')",
        "attrgetter('grad_fn._sequence_nr')",
        "names = [n for n in dir(node) if n.startswith('_raw_saved_')]",
        "base == '_threshold'",
        "import torch\nclass A(torch.nn.Module):\n    def _call_impl(self): ...",
        "import torch\nclass A(torch.Tensor):\n    _backward_hooks = None",
        "from lesson_utils.capture.torch_internals import OperatorMode\n"
        "class A(OperatorMode):\n    @classmethod\n    def _should_skip_dynamo(cls): ...",
    ],
)
def test_a_private_name_that_comes_back_is_found(code):
    assert private_names_of_torch(code, methods_of_the_lesson())


@pytest.mark.parametrize(
    "code",
    [
        "import sys\nsys._getframe(1)",
        "_CACHE = {}\ndef _f(): return _CACHE",
        "from lesson_utils.words.steps import _x",
        "class A:\n    _made: int = 0\n    def f(self):\n        self._x = self._made + self._g()\n"
        "    def _g(self): ...\n    def h(self, other): return other._g()",
        "class A:\n    __slots__ = ('_a', '_b')",
        "name.endswith('_like')",
        "'''A docstring: `tensor._version` counts.'''",
        "func.__torch_dispatch__\nx.__name__",
        "from torch.overrides import TorchFunctionMode\n"
        "class A(TorchFunctionMode):\n    def f(self): self._notes = []",
    ],
)
def test_names_of_ours_are_allowed(code):
    assert not private_names_of_torch(code)


def test_methods_of_the_lesson_are_not_named_like_torchs():
    kinds = [torch.Tensor, torch.UntypedStorage, torch.autograd.Function, internals.FunctionNode]
    kinds += [type(leaf().exp().grad_fn), internals.OpOverload, torch._C, torch._C._autograd]
    assert not [
        name for name in methods_of_the_lesson() for kind in kinds
        if is_private(name) and hasattr(kind, name)
    ]  # fmt: skip


def test_each_name_is_tested_here_and_used_in_the_lesson():
    tests = ast.parse(Path(__file__).read_text(encoding="utf-8"))
    tested = {dotted(node) for node in ast.walk(tests)}
    used = set()
    for path in set(PACKAGE.rglob("*.py")) - {HOME}:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == internals.__name__:
                used |= {item.name for item in node.names}
    assert set(internals.__all__) <= used
    assert {f"internals.{name}" for name in internals.__all__} <= tested
