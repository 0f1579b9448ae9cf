# Halves of numbers at the ends of 64 bits.
 .set most, 0x7fffffffffffffff
 .set least, -9223372036854775807-1
 .long most@l, most@h, most@ha, most@higher, most@highera, most@highest, most@highesta
 .long least@l, least@h, least@ha, least@higher, least@highera, least@highest, least@highesta
 .quad most*most, least*least, least/-1, least%-1, -least, most<<63, least>>64, most-least
 subi r3,r3,least
