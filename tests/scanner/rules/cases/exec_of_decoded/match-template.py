import base64
text = "cHJpbnQoMSk="
line = f"import base64;exec(base64.b64decode('{text}').decode())"
