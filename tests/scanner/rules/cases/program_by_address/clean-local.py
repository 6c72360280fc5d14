URL = "http://192.168.1.10/setup.exe"
LOCAL = "http://127.0.0.1:8000/run.sh"
API = "http://198.51.100.7/v1/items"
