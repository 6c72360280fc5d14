"""What the rows stand on: statistics, processes, peers, the installation that is measured."""
import os
import sys

# The end-to-end tests' house gives the service, the local upstream and the wheels.
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..", "e2e"))
