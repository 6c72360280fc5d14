import base64
text = base64.b64decode("aW1wb3J0IG9zO29zLnN5c3RlbSgiZWNobyBoYXJtbGVzcyIp")
executor.submit(print, text)
re.compile("a").exec_(text)
