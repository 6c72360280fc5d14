import shutil
shutil.copy("x.lnk", base + r"\Microsoft\Windows\Start Menu\Programs\Tools")
