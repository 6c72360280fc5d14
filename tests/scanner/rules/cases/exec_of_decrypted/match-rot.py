import codecs
exec(codecs.decode('cevag("unezyrff")', 'rot13'))
