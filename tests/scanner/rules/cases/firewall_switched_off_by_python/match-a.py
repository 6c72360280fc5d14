subprocess.run("netsh advfirewall set allprofiles state off", shell=True)
subprocess.run(["cmd", "/c", "netsh", "advfirewall", "set", "allprofiles", "state", "off"])
