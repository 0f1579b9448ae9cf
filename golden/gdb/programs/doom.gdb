# --lockstep --gpu none -- -iwad freedoom1.wad -timedemo demo3 -steady -noautoload -nosound
# A large program under gdb: calls of the kernel and functions by name, threads, watches, steps, the
# way back, and the end that the program has without gdb.
info threads
break NtReadFile
continue
info registers pc r6 r7
x/i $pc
backtrace 2
monitor position
stepi
reverse-stepi
monitor position
delete
tbreak P_SpawnMapThing
continue
backtrace 2
print *(short *)$r3
info threads
watch *(int *)&gametic
continue
x/i $pc
monitor position
continue
monitor position
continue
monitor position
reverse-continue
monitor position
reverse-continue
monitor position
delete
stepi
stepi
reverse-stepi
monitor position
eval "monitor writer %#x", &gametic
eval "monitor writer %#x", $r1
tbreak G_Ticker
reverse-continue
monitor position
finish
print *(int *)&gametic
continue
