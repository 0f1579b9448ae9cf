# Imports of a library from the library counter.xex.
    .include "runtime/imports.inc"
    import_function "counter.xex", 1, counter_add
