API = "https://3f2c-198-51-100-7.ngrok-free.app/collect"
