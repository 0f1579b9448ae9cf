    addo. r3, r4, r5
    rlwinm r6, r7, 3, 4, 28
    slwi r6, r7, 3
    cmpwi cr6, r3, -5
    bdnzt 4*cr6+lt, 8
    crorc 4*cr1+eq, so, gt
    lwzu r8, -4(r9)
    ldx r8, r9, r10
    fmadd. f1, f2, f3, f4
    mtfsf 255, f1
    vmaddfp v1, v2, v3, v4
    vspltisw128 v127, -3
    vpermwi128 v64, v65, 0x1B
    mfspr r3, 287
    twlgei r3, 4
    lvx128 v100, r3, r4
