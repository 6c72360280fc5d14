from cryptography.fernet import Fernet
session = Fernet(key).decrypt(token)
cursor.execute(session.query)
