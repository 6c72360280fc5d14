import marshal, zlib
exec(marshal.loads(zlib.decompress(b'x')))
