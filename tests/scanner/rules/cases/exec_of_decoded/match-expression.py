import base64
line = f"import base64;exec(base64.b64decode({open('a').read()!r}))"
