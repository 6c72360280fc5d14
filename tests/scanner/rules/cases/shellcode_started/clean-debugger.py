kernel32.VirtualAlloc.restype = LPVOID
kernel32.WriteProcessMemory.argtypes = [HANDLE]
kernel32.CreateRemoteThread.restype = HANDLE
NOP = b"\x90"
