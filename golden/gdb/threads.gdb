# sync-suite.xex --lockstep
# Threads stop at calls of the kernel, also on the way back; the run ends as one without gdb.
break *0x82020a34
continue
continue
continue
info registers pc r3
monitor position
info threads
delete
monitor goto 1000000
maintenance flush register-cache
info threads
break *0x82020c74
continue
monitor position
continue
monitor position
reverse-continue
monitor position
reverse-stepi
monitor position
stepi
monitor position
delete
continue
