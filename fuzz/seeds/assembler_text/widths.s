# Widths and shifts beyond any register.
 nop
 extrwi r3,r3,9223372036854775807,9223372036854775807
