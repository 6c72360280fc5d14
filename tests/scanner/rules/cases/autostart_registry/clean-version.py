import winreg
k = winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"Software\Microsoft\Windows\CurrentVersion")
winreg.QueryValueEx(k, "ProgramFilesDir")
