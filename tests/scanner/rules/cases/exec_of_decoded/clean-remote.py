import base64


def command(python, code):
    encoded = base64.b64encode(code.encode())
    return [python, "-c", f'import base64;exec(base64.b64decode({encoded}).decode())']
