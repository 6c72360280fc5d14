import requests
requests.post("https://file.io", files={"file": open("x.zip", "rb")})
