schtasks /create /tn x /tr x.exe /sc onlogon
