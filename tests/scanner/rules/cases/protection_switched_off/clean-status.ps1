Get-MpPreference | Select-Object DisableRealtimeMonitoring
