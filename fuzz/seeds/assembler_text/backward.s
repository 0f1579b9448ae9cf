# An image that would end before its beginning.
 nop
 .org -9223372036854775807-1
