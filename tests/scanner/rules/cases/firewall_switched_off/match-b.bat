cmd /c netsh advfirewall set allprofiles state off
