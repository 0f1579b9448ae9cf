# Functions with rows in .pdata, handlers and scope tables, as a retail title's compiler makes them. The kernel walks over the
# functions between an exception and its handler, so all of these are here; exceptions.c has what it calls.
    .text

    # A function whose handler gets `data`, with a frame of `frame` bytes.
    .macro handled name, handler, data, frame=96
    .balign 4
    .long \handler, \data
    begin \name, \frame
    .endm

    .macro begin name, frame=96
    .globl \name
    .type \name,@function
\name:
    mflr    12
    stw     12, -8(1)
    stwu    1, -\frame(1)
    .endm

    # Its end, and its row: bits 31-30 are 3 with a handler, 1 without; the prologue has three instructions.
    .macro finish name, kind, frame=96
    addi    1, 1, \frame
    lwz     12, -8(1)
    mtlr    12
    blr
    row     \name, \kind, 3
    .endm

    .macro row name, kind, prologue
    .size \name, . - \name
    .set .Lwords_\name, (. - \name) / 4
    .section .pdata,"a",@progbits
    .long   \name, (\kind << 30) + (.Lwords_\name << 8) + \prologue
    .text
    .endm

# uint32_t guarded(body, argument): the code that its __except block gets, or 0.
    handled guarded, __C_specific_handler, .Lguarded_scopes
    mtctr   3
    mr      3, 4
.Lguarded_try:
    bctrl
    nop
.Lguarded_try_end:
    li      3, 0
.Lguarded_except:
    finish  guarded, 3

# void cleaned(body): a __finally block is run when the body is left.
    handled cleaned, __C_specific_handler, .Lcleaned_scopes
    mtctr   3
.Lcleaned_try:
    bctrl
    nop
.Lcleaned_try_end:
    li      3, 0
    bl      exception_finally
    finish  cleaned, 3

# uint32_t caught(body, argument): the object that its catch block gets, or 0.
    handled caught, frame_handler, .Lcaught_data
    mtctr   3
    mr      3, 4
    bctrl
    li      3, 0
.Lcaught_block:
    finish  caught, 3

# void held(body): has an object with a destructor.
    handled held, frame_handler, .Lheld_data
    mtctr   3
    bctrl
    bl      destructor
    finish  held, 3

# The language handler of C++ functions, which is a part of the title: (record, frame, context, dispatcher) in r3 to r6. Unwinds to
# the block that choose_block finds, with the object in r3 there.
    begin   frame_handler, 112
    stw     3, 80(1)
    stw     4, 84(1)
    bl      choose_block
    mr.     4, 3
    beq     1f
    lwz     3, 84(1)
    lwz     5, 80(1)
    lwz     6, 0x18(5)
    bl      RtlUnwind
    nop
1:  li      3, 1
    finish  frame_handler, 1, 112

# void throw_object(object): raises a C++ exception, which cannot be continued.
    begin   throw_object, 160
    lis     5, 0xE06D
    ori     5, 5, 0x7363
    stw     5, 64(1)
    li      5, 1
    stw     5, 68(1)
    li      5, 0
    stw     5, 72(1)
    stw     5, 76(1)
    li      5, 3
    stw     5, 80(1)
    lis     5, 0x1993
    ori     5, 5, 0x0520
    stw     5, 84(1)
    stw     3, 88(1)
    li      5, 0
    stw     5, 92(1)
    addi    3, 1, 64
    bl      RtlRaiseException
    nop
    finish  throw_object, 1, 160

# void throw_it(void): throws the object `thrown`.
    begin   throw_it
    lis     3, thrown@ha
    addi    3, 3, thrown@l
    bl      throw_object
    nop
    finish  throw_it, 1

# void raise_status(void)
    begin   raise_status
    lis     3, 0xE012
    ori     3, 3, 0x3456
    bl      RtlRaiseStatus
    nop
    finish  raise_status, 1

    # Leaves, without a frame.
    .macro leaf name
    .globl \name
    .type \name,@function
\name:
    .endm
# void load_null(void), void divide_by_zero(void), void calm(void)
    leaf    load_null
    li      3, 0
    lwz     3, 0x10(3)
    blr
    row     load_null, 1, 0
    leaf    divide_by_zero
    li      3, 0
    twllei  3, 0
    blr
    row     divide_by_zero, 1, 0
    leaf    calm
    blr
    row     calm, 1, 0

    .section .rodata
    .balign 4
.Lguarded_scopes:
    .long   1, .Lguarded_try, .Lguarded_try_end, exception_filter, .Lguarded_except
.Lcleaned_scopes:
    .long   1, .Lcleaned_try, .Lcleaned_try_end, exception_finally, 0
# The catch block, and the destructor.
.Lcaught_data:
    .long   .Lcaught_block, 0
.Lheld_data:
    .long   0, destructor
