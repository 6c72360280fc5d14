import builtins
input = getattr(builtins, 'raw_input', builtins.input)
_open = getattr(__builtins__, name, None)
