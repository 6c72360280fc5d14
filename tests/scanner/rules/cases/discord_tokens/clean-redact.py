# keeps tokens out of the log
PATTERN = r"[\w-]{24}\.[\w-]{6}\.[\w-]{27}"
