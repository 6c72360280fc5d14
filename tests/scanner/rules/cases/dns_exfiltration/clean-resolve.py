import socket
socket.gethostbyname(f"{self.host}.{self.domain}.example.org")
socket.gethostbyname(socket.gethostname())
