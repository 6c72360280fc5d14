"""url: https://discord.com/api/webhooks/WEBHOOK_ID/WEBHOOK_TOKEN"""
URL = "https://discord.com/api/webhooks/%s/%s"
