URL = "http://198.51.100.7:8080/x/update.exe"
