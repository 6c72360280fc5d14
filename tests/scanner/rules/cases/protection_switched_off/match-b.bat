sc stop WinDefend
