# sync-suite.xex --lockstep --quantum 250
# Threads that contend for a lock are stopped, stepped and continued in turn.
break *0x82019c18
continue
info threads
continue
continue
continue
delete
break *0x82019c80
continue
continue
continue
continue
info threads
thread apply all -ascending info registers pc r1 r8
thread 5
stepi
stepi
thread 6
stepi
stepi
info threads
monitor position
reverse-stepi
reverse-continue
reverse-continue
monitor position
delete
continue
