eval(chr(112)+chr(114)+chr(105))
