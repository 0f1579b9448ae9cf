# Imports of the retail title from its library, and the template of its thread-local storage.
    .include "runtime/imports.inc"
    import_function "library.xex", 1, retail_loads
    import_function "library.xex", 2, retail_checksum

    .section .tdata,"awT",@progbits
    .balign 4
    .long 0x544C5331, 7
