# Common part of the exception programs. A function NAME extends from the label NAME to NAME_end,
# its prologue to NAME_body; with NAME_scopes it has the C handler. Imports are labels with the
# export's name.
        .set DATA, 0x82010000
        .set LOG, 0x400                 # words of the log; their number is at COUNT
        .set COUNT, 0x3FC

# The compiler's frame: saves the link register and two registers without routines.
.macro enter size
        mflr 12
        stw 12, -8(1)
        std 30, -24(1)
        std 31, -16(1)
        stwu 1, -\size(1)
.endm
.macro leave size
        addi 1, 1, \size
        lwz 12, -8(1)
        mtlr 12
        ld 30, -24(1)
        ld 31, -16(1)
        blr
.endm
.macro note value
        li 3, \value
        bl log
.endm
# `__try` needs an instruction after its last call.
.macro words_before handler, data
        .long \handler, \data
.endm

# Appends r3 to the log; changes r9 to r11.
log:    lis 11, DATA@h
        lwz 10, COUNT(11)
        addi 9, 10, 1
        stw 9, COUNT(11)
        rlwinm 10, 10, 2, 24, 29
        add 10, 10, 11
        stw 3, LOG(10)
        blr
log_body:
log_end:

# Raises the exception r3 with flags r4 and the parameters 0x11, 0x22.
raise:
        enter 256
raise_body:
        stw 3, 80(1)
        stw 4, 84(1)
        li 5, 0
        stw 5, 88(1)
        stw 5, 92(1)
        li 5, 2
        stw 5, 96(1)
        li 5, 0x11
        stw 5, 100(1)
        li 5, 0x22
        stw 5, 104(1)
        addi 3, 1, 80
        bl RtlRaiseException
        leave 256
raise_end:

# The compiler's save and restore routines.
save_29: std 29, -32(1)
        std 30, -24(1)
        std 31, -16(1)
        stw 12, -8(1)
        blr
rest_29: ld 29, -32(1)
        ld 30, -24(1)
        ld 31, -16(1)
        lwz 12, -8(1)
        mtlr 12
        blr

.macro thunk
        .long 0x01000000, 0x02000000, 0x7D6903A6, 0x4E800420
.endm
__C_specific_handler:
        thunk
HalReturnToFirmware:
        thunk
KeDelayExecutionThread:
        thunk
NtQueueApcThread:
        thunk
RtlCaptureContext:
        thunk
RtlRaiseException:
        thunk
RtlRaiseStatus:
        thunk
RtlUnwind:
        thunk
RtlUnwind2:
        thunk

# The title: `main`, whose result goes to the log.
entry:
        enter 96
entry_body:
        bl main
        bl log
        li 3, 1
        bl HalReturnToFirmware
entry_end:
