import re
pid = find("Runner.Worker")
mem = open(f"/proc/{pid}/mem", "rb")
