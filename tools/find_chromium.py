"""Say in one line when there is no Chromium; fail where one is required."""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")


def find() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


if __name__ == "__main__" and find() is None:
    if os.environ.get("LESSON_REQUIRE_BROWSER"):
        sys.exit(
            "No Chromium on this machine, and LESSON_REQUIRE_BROWSER asks for the browser tests."
        )
    print("No Chromium on this machine: the browser tests are left out.")
