mem = open(f"/proc/{pid}/mem", "rb")  # a debugger
NAME = "Runner"
