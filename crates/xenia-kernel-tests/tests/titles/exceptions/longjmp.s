# RtlUnwind to a frame, through functions that save registers with and without save routines.
main:   mflr 12
        bl save_29
        stwu 1, -128(1)
main_body:
        li 29, 29
        li 30, 30
        li 31, 31
        bl one
        note 0x99
main_label:
        bl log
        mr 3, 29
        bl log
        mr 3, 30
        bl log
        mr 3, 31
        bl log
        li 3, 0
        addi 1, 1, 128
        b rest_29
main_end:
# Without routines, the link register in r31.
one:    std 31, -72(1)
        mflr 31
        std 30, -64(1)
        stwu 1, -96(1)
one_body:
        li 30, 0
        bl two
        mtlr 31
        ld 30, 32(1)
        ld 31, 24(1)
        addi 1, 1, 96
        blr
one_end:
# With the routine, and a frame of computed size.
two:    mflr 12
        bl save_29
        li 12, -0x200
        stwux 1, 1, 12
two_body:
        li 29, 0
        li 30, 0
        li 31, 0
        addi 3, 1, 0x200+96+128         # main's establisher frame
        lis 4, main_label@ha
        addi 4, 4, main_label@l
        li 5, 0
        li 6, 0x4A
        bl RtlUnwind
two_end:
