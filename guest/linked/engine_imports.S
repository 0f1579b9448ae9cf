# What the library engine.xex imports from the library maths.xex.
    .include "runtime/imports.inc"
    import_function "maths.xex", 1, maths_next
    import_function "maths.xex", 2, maths_square
