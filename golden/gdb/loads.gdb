# cpu-suite.elf --lockstep
# Watches of loads and of all accesses, forwards and backwards.
break suite_seed
continue
delete
rwatch *(int *)0x82023164
continue
x/2i $pc
monitor position
continue
monitor position
reverse-continue
x/i $pc
monitor position
stepi
monitor position
delete
awatch *(int *)0x82023164
continue
monitor position
continue
monitor position
reverse-continue
reverse-continue
monitor position
delete
monitor goto 3000000
maintenance flush register-cache
info registers pc
monitor position
