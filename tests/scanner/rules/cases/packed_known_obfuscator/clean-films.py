class Hyperion:
    """A moon of Saturn."""
    def __init__(self, radius):
        self.radius = radius
class Kramer(Person):
    pass
