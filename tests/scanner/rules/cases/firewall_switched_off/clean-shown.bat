netsh advfirewall show allprofiles state
