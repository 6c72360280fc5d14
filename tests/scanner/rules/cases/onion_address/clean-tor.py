# addresses end in .onion, as in http://example.onion
SUFFIX = ".onion"
