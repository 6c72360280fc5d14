raise ImportError("missing: try `python -m pip install other`")
