def write(small, out):
    return {}
