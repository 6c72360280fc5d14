import sys
sys.path.append("/opt/site")
