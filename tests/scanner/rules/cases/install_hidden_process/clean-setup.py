import subprocess
subprocess.check_call(["cmake", ".."])
