.rept 4294967295
.rept 4294967295
.endr
.endr
 nop
