"""Prints an address such as https://<subdomain>.ngrok.io"""
SUFFIX = ".ngrok.io"
HOME = "https://ngrok.io/docs"
