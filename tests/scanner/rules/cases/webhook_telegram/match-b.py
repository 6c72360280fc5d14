TOKEN = "1234567890:AAabcdefghijklmnopqrstuvwxyz0123456"
URL = "https://api.telegram.org/bot" + TOKEN
