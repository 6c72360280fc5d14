import subprocess
subprocess.Popen(["x"])
