# reads cookies, as the browser stores them
key = json.load(open("Local State"))["os_crypt"]["encrypted_key"]
db.execute("SELECT host_key, value FROM cookies")
