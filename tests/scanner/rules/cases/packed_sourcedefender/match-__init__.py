import sourcedefender
from . import m
