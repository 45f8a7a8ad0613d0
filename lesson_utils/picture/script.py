"""Scripts beside a picture: what they are given, and their text."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

# Nothing that is quoted can end or open an element.
_UNSAFE = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def with_script(data: Any, *files: Path) -> str:
    """The elements of a script, one after the other in a room of their own, and of its data."""
    packed = json.dumps(data, ensure_ascii=False, separators=(",", ":")).translate(_UNSAFE)
    code = "\n".join(map(source, files))
    return (
        f'<script type="application/json">{packed}</script>'
        f"<script>(() => {{\n{code}\n}})()</script>"
    )


@cache
def source(path: Path) -> str:
    """A script or a style sheet, without what only its readers need."""
    lines = (
        line.strip().partition(" // ")[0] for line in path.read_text(encoding="utf-8").splitlines()
    )
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    if path.suffix == ".css":
        return re.sub(r"\s*([{};,])\s*|(?<=:)\s+", r"\1", text)
    return re.sub(
        r" (=>|=|===|!==|<=|>=|&&|\|\||\?\?) ", r"\1", text
    )  # signs that are in no string of ours
