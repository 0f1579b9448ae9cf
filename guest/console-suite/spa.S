# The title's number, and its database: what it is called, and two achievements. RETAIL makes that of guest/retail.
#ifdef RETAIL
    .set TITLE, 0x58410009
#define NUMBER "58410009"
#else
    .set TITLE, 0x58410002
#define NUMBER "58410002"
#endif

    .section .xenia.title,"",@progbits
    .long TITLE, 0, 0, 0

    .section .xenia.resources,"",@progbits
    .ascii NUMBER
    .long database, database_end - database

    .macro entry section, high, low, from
    .short \section
    .long \high, \low, \from - data, \from\()_end - \from
    .endm

    .macro string number, text
    .short \number, 2f - 1f
1:  .ascii "\text"
2:
    .endm

    # Id, label, description, what is to be done, picture, worth, flags.
    .macro achievement id, label, description, unachieved, image, score, flags
    .short \id, \label, \description, \unachieved
    .long \image
    .short \score, 0
    .long \flags
    .space 16
    .endm

    .section .rodata.database,"a",@progbits
    .balign 4
database:
    .ascii "XDBF"
    .long 0x10000, 4, 4, 0, 0
    entry 1, 0, 0x58414348, achievements
    entry 1, 0, 0x58544844, header
    entry 2, 0, 5, picture
    entry 3, 0, 1, strings
data:
achievements:
    .ascii "XACH"
    .long 1, 2 * 0x24 + 2
    .short 2
    achievement 1, 1, 2, 3, 5, 10, 9
    achievement 7, 4, 2, 3, 5, 25, 3
achievements_end:
header:
    .ascii "XTHD"
    .long 1, 32, TITLE, 1, 0, 0, 0, 0, 0, 0
header_end:
picture:
    .ascii "\211PNG"
picture_end:
strings:
    .ascii "XSTR"
    .long 1, strings_end - 3f
3:  .short 5
    string 0x8000, "Console suite"
    string 1, "First"
    string 2, "Did it"
    string 3, "Do it"
    string 4, "Second"
strings_end:
database_end:
