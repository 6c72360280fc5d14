import marshal
def get_code(data):
    code = marshal.loads(data)
    return code
