import discord, subprocess
client = discord.Client()
async def on_message(message):
    if message.content == "!uptime":
        subprocess.run(["uptime"])
