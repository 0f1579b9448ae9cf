  cmpw r3,r4
  blt over
  addi r3,r3,1
over:
  blr

  cmpw cr1,r12,r13
  bgt cr1,over
  ble cr1,over
over:
  blr

  cmpwi r3,5
  beq over
  bne over
  bso over
over:
  blr

  cmpw r3,r4
  add r5,r5,r6
  bgt over
  bgt cr6,over
  beq over
  beq cr6,over
  blt cr6,over
  bso cr6,over
over:
  blr

  cmpw r3,r4
  mcrf cr0,cr1
  blt over
over:
  blr

  cmpw r3,r4
  mcrf cr1,cr0
  blt over
over:
  blr

  bdnz over
  bdz over
  bdnzt lt,over
  bdzf eq,over
  addi r12,r12,1
over:
  blr

again:
  addi r12,r12,1
  bdnz again
  blr

  beqlr
  bc 20,0,over
  blr
over:
  blr

  b over
over:
  b next
  nop
next:
  bl here
here:
  blr

  bctrl
  bctr

  bl 0x100
  bl 0x123450
  beq 0x200
  b 0x204

  lis r3,1
  ori r3,r3,2
  lwz r3,0(r3)
  lis r12,1
  addi r12,r12,-1
  lis r0,1
  addi r0,r0,1
  blr

  crand 0,1,2
  fadd f1,f2,f3
  lfs f1,0(r3)
  mfcr r3
  blr

  cmpwi r3,0
  sync
  beq out
  nop
  isync
  nop
out:
  blr

  beq over
  divw r3,r4,r5
  divw r3,r4,r5
  divw r3,r4,r5
  divw r3,r4,r5
  divw r3,r4,r5
over:
  blr

  beq over
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
over:
  beq behind
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
  nop
behind:
  blr

back:
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  bdnz back
  addi r12,r12,1
  bdnz back
  blr

back:
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  addi r12,r12,1
  addi r9,r9,1
  addi r9,r9,1
  addi r9,r9,1
  bdnz back
  blr

  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
  xoris r12,r12,32768
back:
  addi r9,r9,1
  bdnz back
  blr

  bl f
  blr
f:
  addi r9,r9,1
  blr

  lfs f1,0(r3)
  lfsx f2,r4,r5
  lfs f3,8(r3)
  fadds f4,f1,f2
  lfs f5,12(r12)
  fmuls f6,f4,f3
  fmadds f7,f6,f5,f4
  stfs f7,16(r3)
  blr

  lfs f13,0(r3)
  lfs f12,4(r3)
  lfs f31,8(r3)
  lfs f0,12(r3)
  lfs f1,16(r3)
  blr

  fmul f1,f2,f3
  addi r3,r3,4
  add. r4,r4,r3
  fadd f4,f1,f2
  frsp f5,f4
  stfsu f5,4(r6)
  fsub f7,f8,f9
  stfd f7,0(r3)
  blr

  srawi r3,r4,3
  add r5,r3,r4
  srawi. r12,r13,0
  srawi r6,r6,5
  subfic r6,r6,1
  srawi r4,r4,7
  blr

  divw r3,r4,r5
  twi 6,r5,0
  twi 5,r12,-1
  twi 7,r3,0
  lwz r6,0(r3)
  sc
  tw 4,r3,r4
  blr

  addic r9,r3,-1
  subfe r12,r9,r3
  mtctr r12
  addi r3,r3,1
  bctr

  mtctr r9
  li r9,0
  bctrl
  blr
