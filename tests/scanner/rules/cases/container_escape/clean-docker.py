SOCKET = "/var/run/docker.sock"
host = {"Binds": ["/data:/data"]}
