from setuptools import setup
from setuptools.command.install import install
import platform
class Build(install):
    def run(self):
        print(platform.node())
        install.run(self)
setup(name="x", url="https://x.example.org", cmdclass={"install": Build})
