ESCAPE = chr(27)
SEQUENCE = chr(27) + chr(91) + chr(65)
