"""Packages modelled on published incidents and techniques, one function each, by what they do."""
from . import (content, disguise, execution, honest, install, names, startup, structure,  # noqa: F401
               theft)
from .package import ATTACKS, HONEST  # noqa: F401
