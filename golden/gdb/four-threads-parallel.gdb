# sync-suite.xex --parallel
# Four of six threads are stopped where they begin, looked at and continued; in parallel mode the
# host decides which and when, so their order is not shown.
break *0x8201e480
commands
silent
end
set $last = 0
set $different = 0
while $different < 4
continue
set $different = $different + ($_gthread != $last)
set $last = $_gthread
info registers pc
end
delete
eval "break *0x8201e50c thread %d", $_thread
commands
silent
end
continue
info registers pc
print $_gthread == $last
stepi
print $_gthread == $last
delete
continue
