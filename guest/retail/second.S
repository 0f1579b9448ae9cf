# The number of the title that the second executable belongs to.
    .section .xenia.title,"",@progbits
    .long 0x58410009, 0, 0, 0
