# sync-suite.xex --parallel
# Threads stop at a call of the kernel in parallel mode, and the suite ends without failures.
break *0x82020844
commands
silent
end
set $stops = 0
while $stops < 20
continue
set $stops = $stops + 1
end
info registers pc
delete
continue
