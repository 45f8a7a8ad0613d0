"""How long a film takes from key press to painted frame, beside a handler that does nothing.

The films are saved pages in Chromium. A frame counts as painted when the one
after it begins: `requestAnimationFrame` twice. In turns, in one run.
"""

import statistics
import sys
import tempfile
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tools")]

from laboratory import browse, new_page  # noqa: E402  # from the path above

from lesson_utils import play, trace  # noqa: E402  # after the path

PRESSES = 60
TURN = 10  # of one kind before the next kind has its turn
EMPTY = "<div class='lesson-film' tabindex=0>a handler that does nothing</div>"
WATCH = """() => {
    window.took = [];
    const root = document.querySelector('.lesson-film');
    root.addEventListener('keydown', () => {
        const pressed = performance.now();
        requestAnimationFrame(() => requestAnimationFrame(() =>
            window.took.push(performance.now() - pressed)));
    }, true);
    root.focus();
}"""


def neuron():
    x, w, b = (torch.tensor(n, requires_grad=True) for n in (2.0, 3.0, 1.0))
    with trace() as t:
        torch.relu(x * w + b)
    return t


def chain():
    w = torch.tensor(0.5, requires_grad=True)
    with trace() as t:
        h = w
        for _ in range(30):
            h = torch.sin(h * w)
    return t


def press(page, key):
    """Milliseconds from one key press to the painted frame."""
    count = page.evaluate("() => window.took.length")
    page.keyboard.press(key)
    page.wait_for_function("count => window.took.length > count", arg=count, polling=5)
    return page.evaluate("() => window.took.at(-1)")


def main():
    torch.set_num_threads(1)
    kinds = {"nothing": EMPTY, "3 operations": neuron(), "60 operations": chain()}
    took = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as place, browse() as chromium:
        pages = {}
        for name, it in kinds.items():
            path = Path(place) / f"{len(pages)}.html"
            if isinstance(it, str):
                path.write_text(it, encoding="utf-8")
            else:
                play(it).save(path)
            pages[name] = new_page(chromium)
            pages[name].goto(path.as_uri())
            pages[name].evaluate(WATCH)
        for turn in range(PRESSES // TURN + 1):
            for name, page in pages.items():
                page.bring_to_front()
                page.locator(".lesson-film").focus()
                key = "ArrowLeft" if turn % 2 else "ArrowRight"
                times = [press(page, key) for _ in range(TURN)]
                took[name] += times if turn else []  # the first turn warms up
    base = statistics.median(took["nothing"])
    print(f"{PRESSES} key presses each, milliseconds to the painted frame")
    print(f"{'':16} {'median':>7} {'slowest':>8} {'more than nothing':>18}")
    for name, times in took.items():
        middle = statistics.median(times)
        print(f"{name:16} {middle:7.1f} {max(times):8.1f} {middle - base:18.1f}")


if __name__ == "__main__":
    main()
