# cpu-suite.elf --lockstep
# Breakpoints, registers, steps and watches, forwards and backwards.
info threads
break kernel_crc32_table
continue
info registers pc r1 r3
p $vr3.v4_int32
stepi
stepi
x/3i $pc
set $seed = (unsigned int)$r9 + 12644
reverse-stepi
reverse-stepi
info registers pc
monitor position
break kernel_quicksort
continue
backtrace 1
monitor position
reverse-continue
monitor position
reverse-continue
monitor position
delete
eval "watch *(int *)%#x", $seed
continue
x/2i $pc
monitor position
continue
monitor position
reverse-continue
x/i $pc
monitor position
delete
monitor goto 3000000
maintenance flush register-cache
info registers pc
eval "monitor writer %#x", $seed
monitor history
reverse-stepi
set var *(int *)$pc = 0
continue
x/i $pc
reverse-stepi
monitor position
reverse-continue
monitor position
