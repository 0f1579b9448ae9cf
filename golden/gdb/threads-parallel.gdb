# races/spawns.xex --parallel
# Threads are started, and stopped at each start, in parallel mode; none is lost.
break *0x82010f3c
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
