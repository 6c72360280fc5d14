import os
fd = os.memfd_create("shared")
os.ftruncate(fd, size)
path = f"/proc/self/fd/{fd}"
