word = ''.join(map(chr, range(97, 123)))
exec_info = chr(112) + chr(114)
