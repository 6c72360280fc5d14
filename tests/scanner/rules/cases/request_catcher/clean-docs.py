"""Try it with a service like webhook.site or a coast.fun page."""
URL = "https://webhook.site/"
