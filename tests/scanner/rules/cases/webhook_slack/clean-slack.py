"""For instance https://hooks.slack.com/services/T000/B000/XXXX"""
URL = "https://hooks.slack.com/services/"
