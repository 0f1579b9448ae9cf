# Imports of the library engine.xex from the library maths.xex.
    .include "runtime/imports.inc"
    import_function "maths.xex", 1, maths_next
    import_function "maths.xex", 2, maths_square
