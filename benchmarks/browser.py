"""How long a slider of `explore` takes from key press to changed picture, in JupyterLab.

Beside it, in the same run and in turns, an ipywidgets callback that only sets
a text. Chromium and JupyterLab are real; nothing else should be busy.
"""

import statistics
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "browser"), str(ROOT / "tools")]

from laboratory import browse, new_page, open_notebook, run_all, serve, write_notebook  # noqa: E402  # from the path above

CHANGES = 60
TURN = 10  # changes of one kind before the next kind has its turn
CELLS = (
    "import torch, torch.nn.functional as F, ipywidgets\nfrom lesson_utils import explore",
    "slider = ipywidgets.FloatSlider(0, min=-5, max=5, step=0.1, readout=False)\n"
    "text = ipywidgets.HTML('<p>0</p>')\n"
    "slider.observe(lambda change: setattr(text, 'value', f'<p>{change.new}</p>'), 'value')\n"
    "only_text = ipywidgets.VBox([slider, text])\nonly_text.add_class('bench-text')\nonly_text",
    "def neuron(x, w, b):\n    return F.relu(x * w + b)\n"
    "explorer = explore(neuron, w=(-5, 5, 0.1), x=3.0, b=1.0)\n"
    "explorer.widget.add_class('bench-neuron')\nexplorer",
    "def ten(w):\n    s = torch.sin(w * 2)\n    t = torch.exp(-w * w / 4)\n"
    "    return (s * t - torch.tanh(w)) ** 2 + 0.1 * w\n"
    "explorer = explore(ten, w=(-5, 5, 0.1))\n"
    "explorer.widget.add_class('bench-ten')\nexplorer",
)
KINDS = {"text": "only a text", "neuron": "explore, 3 operations", "ten": "explore, 12 operations"}
WATCH = """() => {
    window.took = [];
    for (const name of ['text', 'neuron', 'ten']) {
        const box = document.querySelector(`.bench-${name}`);
        let pressed = null;
        box.addEventListener('keydown', () => { pressed = performance.now(); }, true);
        new MutationObserver(changes => {
            const here = changes.some(change => change.target.closest?.('.widget-html'));
            if (here && pressed !== null) {
                window.took.push(performance.now() - pressed);
                pressed = null;
            }
        }).observe(box, {subtree: true, childList: true});
    }
}"""


def press(page, name, key):
    """Milliseconds from one key press to what it changed."""
    count = page.evaluate("() => window.took.length")
    page.keyboard.press(key)
    page.wait_for_function("count => window.took.length > count", arg=count, polling=5)
    page.wait_for_timeout(120)
    return page.evaluate("() => window.took[window.took.length - 1]")


def measure(page):
    """Milliseconds of each change, by kind; the first turn warms up and is not counted."""
    took = {name: [] for name in KINDS}
    page.evaluate(WATCH)
    for turn in range(CHANGES // TURN + 1):
        for name, found in took.items():
            page.locator(f".bench-{name} .noUi-handle").first.focus()
            key = "ArrowRight" if turn % 2 else "ArrowLeft"
            times = [press(page, name, key) for _ in range(TURN)]
            found += times if turn else []
    return took


def main():
    with tempfile.TemporaryDirectory() as place, browse() as chromium:
        write_notebook(Path(place), "bench.ipynb", *CELLS)
        with serve(Path(place)) as address:
            page = new_page(chromium)
            page.set_viewport_size({"width": 1280, "height": 2400})
            open_notebook(page, address, "bench.ipynb")
            run_all(page)
            page.locator(".bench-ten svg").first.wait_for()
            page.wait_for_timeout(1000)
            took = measure(page)
    base = statistics.median(took["text"])
    print(f"{CHANGES} changes each, milliseconds from key press to changed page")
    print(f"{'':24} {'median':>7} {'slowest':>8} {'times a text':>13}")
    for name, says in KINDS.items():
        middle = statistics.median(took[name])
        print(f"{says:24} {middle:7.1f} {max(took[name]):8.1f} {middle / base:13.2f}")


if __name__ == "__main__":
    main()
