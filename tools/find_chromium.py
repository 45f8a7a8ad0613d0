"""Say in one line when there is no Chromium; fail where one is required."""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


if __name__ == "__main__" and find() is None:
    print("No Chromium on this machine: the browser tests are left out.")
    sys.exit(bool(os.environ.get("LESSON_REQUIRE_BROWSER")))
