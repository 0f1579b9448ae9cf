# Imports of the title linked from its libraries.
    .include "runtime/imports.inc"
    import_function "engine.xex", 1, engine_order
    import_function "engine.xex", 2, engine_slot
    import_function "engine.xex", 3, engine_crew
    import_function "engine.xex", 4, engine_squares
    import_function "maths.xex", 1, maths_next
    import_function "maths.xex", 2, maths_square
