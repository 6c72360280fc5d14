import requests
requests.get("https://api.telegram.org/bot1234567890:AAabcdefghijklmnopqrstuvwxyz0123456/sendMessage")
