"""`%load_ext lesson_utils`: the explanation under the traceback, by itself."""

from __future__ import annotations

import sys
from typing import Any

from lesson_utils.clinic.diagnosis import explain


def load_ipython_extension(shell: Any) -> None:
    """Explain autograd's errors under their tracebacks from now on.

    Nothing is patched: IPython calls us after each cell, and errors stay as they are.

    Args:
        shell: IPython's, which calls this for `%load_ext lesson_utils`.
    """
    shell.events.register("post_run_cell", after_cell)


def unload_ipython_extension(shell: Any) -> None:
    """Explain no more.

    Args:
        shell: As above; it calls this for `%unload_ext lesson_utils`.
    """
    shell.events.unregister("post_run_cell", after_cell)


def after_cell(result: Any) -> None:
    """Show why a cell failed, if autograd raised its error.

    Args:
        result: What IPython tells of a cell that has run.
    """
    error = getattr(result, "error_in_exec", None)
    if error is None:
        return
    try:
        explanation = explain(error)
        if explanation is not None:
            from IPython.display import display  # only IPython comes here

            display(explanation)  # type: ignore[no-untyped-call]  # IPython annotates it not
    except (Exception, SystemExit) as ours:  # what fails here must not hide what it is about
        print(f"(lesson_utils could not explain this: {type(ours).__name__})", file=sys.stderr)
