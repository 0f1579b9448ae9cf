# A thread's way onto the C library's stack and back onto the kernel's, and the point at
# which a cancelled thread ends.
    .text
# enter_thread(beginning): a thread's first instruction, on the kernel's stack. r2 is the C
# library's thread pointer.
    .globl enter_thread
    .type enter_thread,@function
enter_thread:
    stwu    1, -64(1)
    lwz     28, 0(3)
    lwz     29, 4(3)
    lwz     30, 8(3)
    lwz     2, 12(3)
    mr      4, 3
    addi    3, 1, 16
    bl      begin_thread
    clrrwi  1, 30, 4
    li      0, 0
    stwu    0, -16(1)
    mtctr   28
    mr      3, 29
    bctrl
    bl      end_thread
    .size enter_thread, . - enter_thread

# leave_stack(own, function, first, second): calls the function below `own`, which
# is in the frame of enter_thread.
    .globl leave_stack
    .type leave_stack,@function
leave_stack:
    mtctr   4
    addi    1, 3, -16
    li      0, 0
    stwu    0, -64(1)
    mr      3, 5
    mr      4, 6
    bctrl
    .size leave_stack, . - leave_stack

# In place of musl's: a system call is a function.
    .globl __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
    .hidden __cp_begin, __cp_end, __cp_cancel, __syscall_cp_asm
    .weak __cancel
    .type __syscall_cp_asm,@function
__syscall_cp_asm:
__cp_begin:
    lwz     0, 0(3)
    cmpwi   7, 0, 0
    bne     7, __cp_cancel
    mr      3, 4
    mr      4, 5
    mr      5, 6
    mr      6, 7
    mr      7, 8
    mr      8, 9
    mr      9, 10
    b       guest_system_call
__cp_end:
    nop
__cp_cancel:
    b       __cancel
    .section .note.GNU-stack,"",@progbits
