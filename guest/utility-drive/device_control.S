# device_control(file, status, code, output, length): NtDeviceIoControlFile for C, without an event,
# a routine and input. The kernel wants the ninth and tenth argument at r1+0x54 and r1+0x5C.
    .text
    .globl device_control
    .type device_control,@function
device_control:
    mflr    0
    stw     0, 4(1)
    stwu    1, -128(1)
    stw     6, 0x54(1)
    stw     7, 0x5C(1)
    mr      8, 5
    mr      7, 4
    li      4, 0
    li      5, 0
    li      6, 0
    li      9, 0
    li      10, 0
    bl      NtDeviceIoControlFile
    lwz     0, 132(1)
    mtlr    0
    addi    1, 1, 128
    blr
    .size device_control, . - device_control
