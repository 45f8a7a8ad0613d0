"""A real JupyterLab and a real Chromium, as plain functions."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import find_chromium
import nbformat
from playwright.sync_api import sync_playwright

CHROMIUM = find_chromium.find()
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@contextmanager
def serve(folder):
    """A JupyterLab over a folder, with its own settings; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = (
        "JUPYTER_CONFIG_DIR",
        "JUPYTER_DATA_DIR",
        "JUPYTER_RUNTIME_DIR",
        "IPYTHONDIR",
    )
    own = {name: str(folder / name.lower()) for name in places}
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--IdentityProvider.token=", f"--ServerApp.root_dir={folder}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.extension_manager=readonly",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
    ]  # fmt: skip
    with open(folder / "log", "w") as log:
        server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=5)
                break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.25)
        else:
            raise RuntimeError((folder / "log").read_text())
        yield address
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def browse():
    """A Chromium that asks nobody."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def write_notebook(folder, name, *sources):
    """Write a notebook of these cells where the JupyterLab over `folder` finds it."""
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    (folder / "notebooks").mkdir(exist_ok=True)
    nbformat.write(notebook, folder / "notebooks" / name)
    return name


def new_page(chromium):
    """A page that remembers what went wrong and where it asked."""
    page = chromium.new_page(viewport={"width": 1280, "height": 720})
    page.complaints = []
    page.foreign = []
    page.on(
        "console",
        lambda m: page.complaints.append(m.text) if m.type == "error" else None,
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))

    def asked(request):
        if request.url.split(":")[0] in ("http", "https", "ws", "wss"):
            host = request.url.split("/")[2].split(":")[0]
            if host != "127.0.0.1":
                page.foreign.append(request.url)

    page.on("request", asked)
    return page


def open_notebook(page, lab, name):
    """Open a notebook in JupyterLab and wait until its kernel is there."""
    page.goto(f"{lab}/lab/tree/notebooks/{name}?reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "() => window.jupyterapp?.shell?.currentWidget"
        "?.sessionContext?.session?.kernel?.status === 'idle'",
        timeout=90_000,
    )


def run_all(page):
    """Run all cells and wait for the last one."""
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        """() => {
            const cells = window.jupyterapp.shell.currentWidget.content.widgets
                .filter(cell => cell.model.type === 'code');
            const last = cells[cells.length - 1];
            return last.model.executionCount === cells.length
                && window.jupyterapp.shell.currentWidget
                    .sessionContext.session.kernel.status === 'idle';
        }""",
        timeout=120_000,
    )


def set_theme(page, name):
    """Switch to `JupyterLab Light` or `JupyterLab Dark`."""
    change = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
    page.evaluate(change, name)
    page.wait_for_timeout(800)


def accessible(page):
    """Roles and names in Chromium's accessibility tree."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    return [
        (node.get("role", {}).get("value"), node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored")
    ]
