import requests
requests.post("https://discord.com/api/webhooks/112233445566778899/abcdEFGH1234-_abcdEFGH1234-_abcdEFGH1234-_abcdEFGH1234-_abcdEFGH1234-_", json={"content": "x"})
