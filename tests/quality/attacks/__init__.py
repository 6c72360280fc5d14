"""Packages modelled on published incidents and techniques, one function each, by what they do."""
from . import (builds, content, disguise, execution, honest, implied, install, names, reach, startup,  # noqa: F401
               structure, theft, ways)
from .package import ATTACKS, HONEST  # noqa: F401
