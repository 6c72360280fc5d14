import os, shutil
os.system("rm -rf /tmp/build")
shutil.rmtree(os.path.expanduser("~/.cache/x"))
subprocess.run(["rm", "-rf", "build/"])
