"""Packages modelled on published incidents and techniques, one function each, by what they do."""
from . import (builds, carried, content, disguise, execution, files, honest, implied, install, modules,  # noqa: F401
               names, reach, startup, structure, theft, ways)
from .package import ATTACKS, HONEST  # noqa: F401
