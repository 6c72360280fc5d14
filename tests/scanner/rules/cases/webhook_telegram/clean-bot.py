BASE = "https://api.telegram.org/bot{token}/{method}"
token = os.environ["BOT_TOKEN"]  # as in 123456:ABC-DEF1234
