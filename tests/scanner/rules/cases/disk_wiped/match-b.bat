vssadmin delete shadows /all /quiet
