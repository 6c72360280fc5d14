load = lambda name: __import__(name)
unpack = lambda data: zlib.decompress(base64.b64decode(data))
