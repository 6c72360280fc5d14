URL = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
credentials = self._get(URL).json()
