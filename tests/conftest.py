"""What all tests share."""

# Before anything imports the standard library's distutils, which pip does and which setuptools
# then refuses to replace; PyTorch's database of operators needs setuptools.
import setuptools  # noqa: F401  # imported for what it does
