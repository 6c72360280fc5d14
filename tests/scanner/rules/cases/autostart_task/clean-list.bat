schtasks /query /tn backup
rem see crontab -l on other systems
