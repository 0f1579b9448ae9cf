# The packets of xma.c, which the tests of xenia-audio write.
    .section .rodata
    .balign 16
    .globl stream, stream_size
stream:
    .incbin "sound/stream.xma"
end:
    .balign 4
stream_size:
    .long end - stream
