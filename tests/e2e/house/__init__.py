"""What the end-to-end tests stand on: wheels, an upstream, the real service, real clients."""
