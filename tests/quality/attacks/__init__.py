"""Packages modelled on published incidents and techniques, one function each, by what they do."""
from . import (content, disguise, execution, files, honest, implied, install, names, reach,  # noqa: F401
               startup, structure, theft, ways)
from .package import ATTACKS, HONEST  # noqa: F401
