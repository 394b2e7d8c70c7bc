def check(services):
    pass
