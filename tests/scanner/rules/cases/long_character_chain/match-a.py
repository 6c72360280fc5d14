u = chr(104)+chr(105)+chr(106)+chr(107)+chr(108)+chr(104)+chr(105)+chr(106)+chr(107)+chr(108)+chr(104)+chr(105)+chr(106)+chr(107)+chr(108)+chr(104)+chr(105)+chr(106)+chr(107)+chr(108)
