import urllib.request
urllib.request.urlopen("https://webhook.site/01234567-89ab-cdef-0123-456789abcdef?x=1")
