certutil -addstore Root ca.crt
