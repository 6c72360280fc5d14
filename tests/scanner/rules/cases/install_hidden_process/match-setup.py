import subprocess
subprocess.Popen(["x.exe"], creationflags=0x08000000)
