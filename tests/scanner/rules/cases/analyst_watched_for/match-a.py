BAD = ["wireshark.exe", "processhacker.exe", "ollydbg.exe", "x64dbg.exe", "vboxservice.exe", "vmtoolsd.exe"]
