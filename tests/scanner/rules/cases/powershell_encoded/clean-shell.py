subprocess.run(["powershell", "-NoProfile", "-Command", script])
ENCODED = "-EncodedCommand"
