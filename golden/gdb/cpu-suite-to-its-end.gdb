# cpu-suite.elf --lockstep
# A run that is stopped, goes back and goes on ends as one without gdb.
monitor symbol kernel_lz
monitor symbol kernel_quick
monitor symbol nothing
break kernel_lz
continue
reverse-continue
monitor position
tbreak kernel_fft
continue
delete
continue
