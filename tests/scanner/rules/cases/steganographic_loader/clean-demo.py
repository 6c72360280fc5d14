from stegano import lsb
print(lsb.reveal('secret.png'))
