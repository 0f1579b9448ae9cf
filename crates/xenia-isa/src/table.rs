//! The instruction table: every Xenon instruction once, by family.
//!
//! A row is `name FORM match mask "mnemonic" [flags] (operands);` with a one-line doc. `name` is
//! the manual's instruction name with `x` where Rc, OE or LK select variants and `_rc` for a
//! mnemonic that ends in a dot; `mask` selects the bits of a word that must equal `match`;
//! `operands` are the operand kinds of [`crate::operand`] in assembler order. Flags: `rc` (bit 31
//! records to CR0, or CR1 for floating point), `oe` (bit 21 enables overflow), `vrc`/`vrc128` (bit
//! 21 / bit 25 records to CR6), `lk` (bit 31 writes LR), `sets_cr0` (always records), `mem`
//! (accesses storage), `privileged`, `last` (ends a basic block: it branches, reads the time, or
//! changes state that engines assume constant within a block).
//!
//! All other facts about instructions are derived from this table: [`crate::Op`], one trait per
//! family with one method per row and no default bodies, the decoder, disassembler and assembler.
//! Two rows that overlap don't compile.
//!
//! Source: PowerISA 2.02, the AltiVec programming environments manual, and for VMX128 the encodings
//! checked against the public binutils patch.

/// Calls `$callback!` with every family and row of the table.
#[macro_export]
macro_rules! for_each_op {
    ($callback:path) => {
        $callback! {
            Integer {
                /// Add.
                addx XO 0x7C000214 0xFC0003FE "add" [oe rc] (rd ra rb);
                /// Add Carrying.
                addcx XO 0x7C000014 0xFC0003FE "addc" [oe rc] (rd ra rb);
                /// Add Extended.
                addex XO 0x7C000114 0xFC0003FE "adde" [oe rc] (rd ra rb);
                /// Add Immediate.
                addi D 0x38000000 0xFC000000 "addi" [] (rd ra0 simm);
                /// Add Immediate Carrying.
                addic D 0x30000000 0xFC000000 "addic" [] (rd ra simm);
                /// Add Immediate Carrying and Record.
                addic_rc D 0x34000000 0xFC000000 "addic." [sets_cr0] (rd ra simm);
                /// Add Immediate Shifted.
                addis D 0x3C000000 0xFC000000 "addis" [] (rd ra0 simm);
                /// Add to Minus One Extended.
                addmex XO 0x7C0001D4 0xFC0003FE "addme" [oe rc] (rd ra);
                /// Add to Zero Extended.
                addzex XO 0x7C000194 0xFC0003FE "addze" [oe rc] (rd ra);
                /// Compare.
                cmp X 0x7C000000 0xFC0007FE "cmp" [] (crfd l ra rb);
                /// Compare Immediate.
                cmpi D 0x2C000000 0xFC000000 "cmpi" [] (crfd l ra simm);
                /// Compare Logical.
                cmpl X 0x7C000040 0xFC0007FE "cmpl" [] (crfd l ra rb);
                /// Compare Logical Immediate.
                cmpli D 0x28000000 0xFC000000 "cmpli" [] (crfd l ra uimm);
                /// Divide Doubleword.
                divdx XO 0x7C0003D2 0xFC0003FE "divd" [oe rc] (rd ra rb);
                /// Divide Doubleword Unsigned.
                divdux XO 0x7C000392 0xFC0003FE "divdu" [oe rc] (rd ra rb);
                /// Divide Word.
                divwx XO 0x7C0003D6 0xFC0003FE "divw" [oe rc] (rd ra rb);
                /// Divide Word Unsigned.
                divwux XO 0x7C000396 0xFC0003FE "divwu" [oe rc] (rd ra rb);
                /// Multiply High Doubleword.
                mulhdx XO 0x7C000092 0xFC0003FE "mulhd" [rc] (rd ra rb);
                /// Multiply High Doubleword Unsigned.
                mulhdux XO 0x7C000012 0xFC0003FE "mulhdu" [rc] (rd ra rb);
                /// Multiply High Word.
                mulhwx XO 0x7C000096 0xFC0003FE "mulhw" [rc] (rd ra rb);
                /// Multiply High Word Unsigned.
                mulhwux XO 0x7C000016 0xFC0003FE "mulhwu" [rc] (rd ra rb);
                /// Multiply Low Doubleword.
                mulldx XO 0x7C0001D2 0xFC0003FE "mulld" [oe rc] (rd ra rb);
                /// Multiply Low Immediate.
                mulli D 0x1C000000 0xFC000000 "mulli" [] (rd ra simm);
                /// Multiply Low Word.
                mullwx XO 0x7C0001D6 0xFC0003FE "mullw" [oe rc] (rd ra rb);
                /// Negate.
                negx XO 0x7C0000D0 0xFC0003FE "neg" [oe rc] (rd ra);
                /// Subtract From.
                subfx XO 0x7C000050 0xFC0003FE "subf" [oe rc] (rd ra rb);
                /// Subtract From Carrying.
                subfcx XO 0x7C000010 0xFC0003FE "subfc" [oe rc] (rd ra rb);
                /// Subtract From Extended.
                subfex XO 0x7C000110 0xFC0003FE "subfe" [oe rc] (rd ra rb);
                /// Subtract From Immediate Carrying.
                subficx D 0x20000000 0xFC000000 "subfic" [] (rd ra simm);
                /// Subtract From Minus One Extended.
                subfmex XO 0x7C0001D0 0xFC0003FE "subfme" [oe rc] (rd ra);
                /// Subtract From Zero Extended.
                subfzex XO 0x7C000190 0xFC0003FE "subfze" [oe rc] (rd ra);
                /// Move from VSCR.
                mfvscr VX 0x10000604 0xFC0007FF "mfvscr" [] (vd);
                /// Move to VSCR.
                mtvscr VX 0x10000644 0xFC0007FF "mtvscr" [last] (vb);
            }
            Logical {
                /// AND.
                andx X 0x7C000038 0xFC0007FE "and" [rc] (ra rs rb);
                /// AND with Complement.
                andcx X 0x7C000078 0xFC0007FE "andc" [rc] (ra rs rb);
                /// AND Immediate.
                andi_rc D 0x70000000 0xFC000000 "andi." [sets_cr0] (ra rs uimm);
                /// AND Immediate Shifted.
                andis_rc D 0x74000000 0xFC000000 "andis." [sets_cr0] (ra rs uimm);
                /// Count Leading Zeros Doubleword.
                cntlzdx X 0x7C000074 0xFC0007FE "cntlzd" [rc] (ra rs);
                /// Count Leading Zeros Word.
                cntlzwx X 0x7C000034 0xFC0007FE "cntlzw" [rc] (ra rs);
                /// Equivalent.
                eqvx X 0x7C000238 0xFC0007FE "eqv" [rc] (ra rs rb);
                /// Extend Sign Byte.
                extsbx X 0x7C000774 0xFC0007FE "extsb" [rc] (ra rs);
                /// Extend Sign Half Word.
                extshx X 0x7C000734 0xFC0007FE "extsh" [rc] (ra rs);
                /// Extend Sign Word.
                extswx X 0x7C0007B4 0xFC0007FE "extsw" [rc] (ra rs);
                /// NAND.
                nandx X 0x7C0003B8 0xFC0007FE "nand" [rc] (ra rs rb);
                /// NOR.
                norx X 0x7C0000F8 0xFC0007FE "nor" [rc] (ra rs rb);
                /// OR.
                orx X 0x7C000378 0xFC0007FE "or" [rc] (ra rs rb);
                /// OR with Complement.
                orcx X 0x7C000338 0xFC0007FE "orc" [rc] (ra rs rb);
                /// OR Immediate.
                ori D 0x60000000 0xFC000000 "ori" [] (ra rs uimm);
                /// OR Immediate Shifted.
                oris D 0x64000000 0xFC000000 "oris" [] (ra rs uimm);
                /// XOR.
                xorx X 0x7C000278 0xFC0007FE "xor" [rc] (ra rs rb);
                /// XOR Immediate.
                xori D 0x68000000 0xFC000000 "xori" [] (ra rs uimm);
                /// XOR Immediate Shifted.
                xoris D 0x6C000000 0xFC000000 "xoris" [] (ra rs uimm);
            }
            Rotate {
                /// Rotate Left Doubleword then Clear Left.
                rldclx MDS 0x78000010 0xFC00001E "rldcl" [rc] (ra rs rb mb64);
                /// Rotate Left Doubleword then Clear Right.
                rldcrx MDS 0x78000012 0xFC00001E "rldcr" [rc] (ra rs rb me64);
                /// Rotate Left Doubleword Immediate then Clear.
                rldicx MD 0x78000008 0xFC00001C "rldic" [rc] (ra rs sh64 mb64);
                /// Rotate Left Doubleword Immediate then Clear Left.
                rldiclx MD 0x78000000 0xFC00001C "rldicl" [rc] (ra rs sh64 mb64);
                /// Rotate Left Doubleword Immediate then Clear Right.
                rldicrx MD 0x78000004 0xFC00001C "rldicr" [rc] (ra rs sh64 me64);
                /// Rotate Left Doubleword Immediate then Mask Insert.
                rldimix MD 0x7800000C 0xFC00001C "rldimi" [rc] (ra rs sh64 mb64);
                /// Rotate Left Word Immediate then Mask Insert.
                rlwimix M 0x50000000 0xFC000000 "rlwimi" [rc] (ra rs sh mb me);
                /// Rotate Left Word Immediate then AND with Mask.
                rlwinmx M 0x54000000 0xFC000000 "rlwinm" [rc] (ra rs sh mb me);
                /// Rotate Left Word then AND with Mask.
                rlwnmx M 0x5C000000 0xFC000000 "rlwnm" [rc] (ra rs rb mb me);
                /// Shift Left Doubleword.
                sldx X 0x7C000036 0xFC0007FE "sld" [rc] (ra rs rb);
                /// Shift Left Word.
                slwx X 0x7C000030 0xFC0007FE "slw" [rc] (ra rs rb);
                /// Shift Right Algebraic Doubleword.
                sradx X 0x7C000634 0xFC0007FE "srad" [rc] (ra rs rb);
                /// Shift Right Algebraic Doubleword Immediate.
                sradix XS 0x7C000674 0xFC0007FC "sradi" [rc] (ra rs sh64);
                /// Shift Right Algebraic Word.
                srawx X 0x7C000630 0xFC0007FE "sraw" [rc] (ra rs rb);
                /// Shift Right Algebraic Word Immediate.
                srawix X 0x7C000670 0xFC0007FE "srawi" [rc] (ra rs sh);
                /// Shift Right Doubleword.
                srdx X 0x7C000436 0xFC0007FE "srd" [rc] (ra rs rb);
                /// Shift Right Word.
                srwx X 0x7C000430 0xFC0007FE "srw" [rc] (ra rs rb);
            }
            Branch {
                /// Branch.
                bx I 0x48000000 0xFC000000 "b" [lk last] (li);
                /// Branch Conditional.
                bcx B 0x40000000 0xFC000000 "bc" [lk last] (bo bi bd);
                /// Branch Conditional to Count Register.
                bcctrx XL 0x4C000420 0xFC0007FE "bcctr" [lk last] (bo bi);
                /// Branch Conditional to Link Register.
                bclrx XL 0x4C000020 0xFC0007FE "bclr" [lk last] (bo bi);
                /// Condition Register AND.
                crand XL 0x4C000202 0xFC0007FE "crand" [] (crbd crba crbb);
                /// Condition Register AND with Complement.
                crandc XL 0x4C000102 0xFC0007FE "crandc" [] (crbd crba crbb);
                /// Condition Register Equivalent.
                creqv XL 0x4C000242 0xFC0007FE "creqv" [] (crbd crba crbb);
                /// Condition Register NAND.
                crnand XL 0x4C0001C2 0xFC0007FE "crnand" [] (crbd crba crbb);
                /// Condition Register NOR.
                crnor XL 0x4C000042 0xFC0007FE "crnor" [] (crbd crba crbb);
                /// Condition Register OR.
                cror XL 0x4C000382 0xFC0007FE "cror" [] (crbd crba crbb);
                /// Condition Register OR with Complement.
                crorc XL 0x4C000342 0xFC0007FE "crorc" [] (crbd crba crbb);
                /// Condition Register XOR.
                crxor XL 0x4C000182 0xFC0007FE "crxor" [] (crbd crba crbb);
                /// Move Condition Register Field.
                mcrf XL 0x4C000000 0xFC0007FE "mcrf" [] (crfd crfs);
            }
            LoadStore {
                /// Data Cache Block Clear to Zero.
                dcbz DCBZ 0x7C0007EC 0xFFE007FE "dcbz" [mem] (ra0 rb);
                /// Data Cache Block Clear to Zero 128.
                dcbz128 DCBZ 0x7C2007EC 0xFFE007FE "dcbz128" [mem] (ra0 rb);
                /// Load Byte and Zero.
                lbz D 0x88000000 0xFC000000 "lbz" [mem] (rd disp ra0);
                /// Load Byte and Zero with Update.
                lbzu D 0x8C000000 0xFC000000 "lbzu" [mem] (rd disp ra);
                /// Load Byte and Zero with Update Indexed.
                lbzux X 0x7C0000EE 0xFC0007FE "lbzux" [mem] (rd ra rb);
                /// Load Byte and Zero Indexed.
                lbzx X 0x7C0000AE 0xFC0007FE "lbzx" [mem] (rd ra0 rb);
                /// Load Doubleword.
                ld DS 0xE8000000 0xFC000003 "ld" [mem] (rd disp_ds ra0);
                /// Load Doubleword and Reserve Indexed.
                ldarx X 0x7C0000A8 0xFC0007FE "ldarx" [mem] (rd ra0 rb);
                /// Load Doubleword Byte-Reverse Indexed.
                ldbrx X 0x7C000428 0xFC0007FE "ldbrx" [mem] (rd ra0 rb);
                /// Load Doubleword with Update.
                ldu DS 0xE8000001 0xFC000003 "ldu" [mem] (rd disp_ds ra);
                /// Load Doubleword with Update Indexed.
                ldux X 0x7C00006A 0xFC0007FE "ldux" [mem] (rd ra rb);
                /// Load Doubleword Indexed.
                ldx X 0x7C00002A 0xFC0007FE "ldx" [mem] (rd ra0 rb);
                /// Load Floating-Point Double.
                lfd D 0xC8000000 0xFC000000 "lfd" [mem] (fd disp ra0);
                /// Load Floating-Point Double with Update.
                lfdu D 0xCC000000 0xFC000000 "lfdu" [mem] (fd disp ra);
                /// Load Floating-Point Double with Update Indexed.
                lfdux X 0x7C0004EE 0xFC0007FE "lfdux" [mem] (fd ra rb);
                /// Load Floating-Point Double Indexed.
                lfdx X 0x7C0004AE 0xFC0007FE "lfdx" [mem] (fd ra0 rb);
                /// Load Floating-Point Single.
                lfs D 0xC0000000 0xFC000000 "lfs" [mem] (fd disp ra0);
                /// Load Floating-Point Single with Update.
                lfsu D 0xC4000000 0xFC000000 "lfsu" [mem] (fd disp ra);
                /// Load Floating-Point Single with Update Indexed.
                lfsux X 0x7C00046E 0xFC0007FE "lfsux" [mem] (fd ra rb);
                /// Load Floating-Point Single Indexed.
                lfsx X 0x7C00042E 0xFC0007FE "lfsx" [mem] (fd ra0 rb);
                /// Load Half Word Algebraic.
                lha D 0xA8000000 0xFC000000 "lha" [mem] (rd disp ra0);
                /// Load Half Word Algebraic with Update.
                lhau D 0xAC000000 0xFC000000 "lhau" [mem] (rd disp ra);
                /// Load Half Word Algebraic with Update Indexed.
                lhaux X 0x7C0002EE 0xFC0007FE "lhaux" [mem] (rd ra rb);
                /// Load Half Word Algebraic Indexed.
                lhax X 0x7C0002AE 0xFC0007FE "lhax" [mem] (rd ra0 rb);
                /// Load Half Word Byte-Reverse Indexed.
                lhbrx X 0x7C00062C 0xFC0007FE "lhbrx" [mem] (rd ra0 rb);
                /// Load Half Word and Zero.
                lhz D 0xA0000000 0xFC000000 "lhz" [mem] (rd disp ra0);
                /// Load Half Word and Zero with Update.
                lhzu D 0xA4000000 0xFC000000 "lhzu" [mem] (rd disp ra);
                /// Load Half Word and Zero with Update Indexed.
                lhzux X 0x7C00026E 0xFC0007FE "lhzux" [mem] (rd ra rb);
                /// Load Half Word and Zero Indexed.
                lhzx X 0x7C00022E 0xFC0007FE "lhzx" [mem] (rd ra0 rb);
                /// Load Multiple Word.
                lmw D 0xB8000000 0xFC000000 "lmw" [mem] (rd disp ra0);
                /// Load String Word Immediate.
                lswi X 0x7C0004AA 0xFC0007FE "lswi" [mem] (rd ra0 nb);
                /// Load String Word Indexed.
                lswx X 0x7C00042A 0xFC0007FE "lswx" [mem] (rd ra0 rb);
                /// Load Word Algebraic.
                lwa DS 0xE8000002 0xFC000003 "lwa" [mem] (rd disp_ds ra0);
                /// Load Word and Reserve Indexed.
                lwarx X 0x7C000028 0xFC0007FE "lwarx" [mem] (rd ra0 rb);
                /// Load Word Algebraic with Update Indexed.
                lwaux X 0x7C0002EA 0xFC0007FE "lwaux" [mem] (rd ra rb);
                /// Load Word Algebraic Indexed.
                lwax X 0x7C0002AA 0xFC0007FE "lwax" [mem] (rd ra0 rb);
                /// Load Word Byte-Reverse Indexed.
                lwbrx X 0x7C00042C 0xFC0007FE "lwbrx" [mem] (rd ra0 rb);
                /// Load Word and Zero.
                lwz D 0x80000000 0xFC000000 "lwz" [mem] (rd disp ra0);
                /// Load Word and Zero with Update.
                lwzu D 0x84000000 0xFC000000 "lwzu" [mem] (rd disp ra);
                /// Load Word and Zero with Update Indexed.
                lwzux X 0x7C00006E 0xFC0007FE "lwzux" [mem] (rd ra rb);
                /// Load Word and Zero Indexed.
                lwzx X 0x7C00002E 0xFC0007FE "lwzx" [mem] (rd ra0 rb);
                /// Store Byte.
                stb D 0x98000000 0xFC000000 "stb" [mem] (rs disp ra0);
                /// Store Byte with Update.
                stbu D 0x9C000000 0xFC000000 "stbu" [mem] (rs disp ra);
                /// Store Byte with Update Indexed.
                stbux X 0x7C0001EE 0xFC0007FE "stbux" [mem] (rs ra rb);
                /// Store Byte Indexed.
                stbx X 0x7C0001AE 0xFC0007FE "stbx" [mem] (rs ra0 rb);
                /// Store Doubleword.
                std DS 0xF8000000 0xFC000003 "std" [mem] (rs disp_ds ra0);
                /// Store Doubleword Byte-Reverse Indexed.
                stdbrx X 0x7C000528 0xFC0007FE "stdbrx" [mem] (rs ra0 rb);
                /// Store Doubleword Conditional Indexed.
                stdcx X 0x7C0001AD 0xFC0007FF "stdcx." [sets_cr0 mem] (rs ra0 rb);
                /// Store Doubleword with Update.
                stdu DS 0xF8000001 0xFC000003 "stdu" [mem] (rs disp_ds ra);
                /// Store Doubleword with Update Indexed.
                stdux X 0x7C00016A 0xFC0007FE "stdux" [mem] (rs ra rb);
                /// Store Doubleword Indexed.
                stdx X 0x7C00012A 0xFC0007FE "stdx" [mem] (rs ra0 rb);
                /// Store Floating-Point Double.
                stfd D 0xD8000000 0xFC000000 "stfd" [mem] (fs disp ra0);
                /// Store Floating-Point Double with Update.
                stfdu D 0xDC000000 0xFC000000 "stfdu" [mem] (fs disp ra);
                /// Store Floating-Point Double with Update Indexed.
                stfdux X 0x7C0005EE 0xFC0007FE "stfdux" [mem] (fs ra rb);
                /// Store Floating-Point Double Indexed.
                stfdx X 0x7C0005AE 0xFC0007FE "stfdx" [mem] (fs ra0 rb);
                /// Store Floating-Point as Integer Word Indexed.
                stfiwx X 0x7C0007AE 0xFC0007FE "stfiwx" [mem] (fs ra0 rb);
                /// Store Floating-Point Single.
                stfs D 0xD0000000 0xFC000000 "stfs" [mem] (fs disp ra0);
                /// Store Floating-Point Single with Update.
                stfsu D 0xD4000000 0xFC000000 "stfsu" [mem] (fs disp ra);
                /// Store Floating-Point Single with Update Indexed.
                stfsux X 0x7C00056E 0xFC0007FE "stfsux" [mem] (fs ra rb);
                /// Store Floating-Point Single Indexed.
                stfsx X 0x7C00052E 0xFC0007FE "stfsx" [mem] (fs ra0 rb);
                /// Store Half Word.
                sth D 0xB0000000 0xFC000000 "sth" [mem] (rs disp ra0);
                /// Store Half Word Byte-Reverse Indexed.
                sthbrx X 0x7C00072C 0xFC0007FE "sthbrx" [mem] (rs ra0 rb);
                /// Store Half Word with Update.
                sthu D 0xB4000000 0xFC000000 "sthu" [mem] (rs disp ra);
                /// Store Half Word with Update Indexed.
                sthux X 0x7C00036E 0xFC0007FE "sthux" [mem] (rs ra rb);
                /// Store Half Word Indexed.
                sthx X 0x7C00032E 0xFC0007FE "sthx" [mem] (rs ra0 rb);
                /// Store Multiple Word.
                stmw D 0xBC000000 0xFC000000 "stmw" [mem] (rs disp ra0);
                /// Store String Word Immediate.
                stswi X 0x7C0005AA 0xFC0007FE "stswi" [mem] (rs ra0 nb);
                /// Store String Word Indexed.
                stswx X 0x7C00052A 0xFC0007FE "stswx" [mem] (rs ra0 rb);
                /// Store Word.
                stw D 0x90000000 0xFC000000 "stw" [mem] (rs disp ra0);
                /// Store Word Byte-Reverse Indexed.
                stwbrx X 0x7C00052C 0xFC0007FE "stwbrx" [mem] (rs ra0 rb);
                /// Store Word Conditional Indexed.
                stwcx X 0x7C00012D 0xFC0007FF "stwcx." [sets_cr0 mem] (rs ra0 rb);
                /// Store Word with Update.
                stwu D 0x94000000 0xFC000000 "stwu" [mem] (rs disp ra);
                /// Store Word with Update Indexed.
                stwux X 0x7C00016E 0xFC0007FE "stwux" [mem] (rs ra rb);
                /// Store Word Indexed.
                stwx X 0x7C00012E 0xFC0007FE "stwx" [mem] (rs ra0 rb);
            }
            Float {
                /// Floating Absolute Value.
                fabsx X 0xFC000210 0xFC0007FE "fabs" [rc] (fd fb);
                /// Floating Add.
                faddx A 0xFC00002A 0xFC00003E "fadd" [rc] (fd fa fb);
                /// Floating Add Single.
                faddsx A 0xEC00002A 0xFC00003E "fadds" [rc] (fd fa fb);
                /// Floating Convert From Integer Doubleword.
                fcfidx X 0xFC00069C 0xFC0007FE "fcfid" [rc] (fd fb);
                /// Floating Compare Ordered.
                fcmpo X 0xFC000040 0xFC0007FE "fcmpo" [] (crfd fa fb);
                /// Floating Compare Unordered.
                fcmpu X 0xFC000000 0xFC0007FE "fcmpu" [] (crfd fa fb);
                /// Floating Convert to Integer Doubleword.
                fctidx X 0xFC00065C 0xFC0007FE "fctid" [rc] (fd fb);
                /// Floating Convert to Integer Doubleword with Round Toward Zero.
                fctidzx X 0xFC00065E 0xFC0007FE "fctidz" [rc] (fd fb);
                /// Floating Convert to Integer Word.
                fctiwx X 0xFC00001C 0xFC0007FE "fctiw" [rc] (fd fb);
                /// Floating Convert to Integer Word with Round Toward Zero.
                fctiwzx X 0xFC00001E 0xFC0007FE "fctiwz" [rc] (fd fb);
                /// Floating Divide.
                fdivx A 0xFC000024 0xFC00003E "fdiv" [rc] (fd fa fb);
                /// Floating Divide Single.
                fdivsx A 0xEC000024 0xFC00003E "fdivs" [rc] (fd fa fb);
                /// Floating Multiply-Add.
                fmaddx A 0xFC00003A 0xFC00003E "fmadd" [rc] (fd fa fc fb);
                /// Floating Multiply-Add Single.
                fmaddsx A 0xEC00003A 0xFC00003E "fmadds" [rc] (fd fa fc fb);
                /// Floating Move Register.
                fmrx X 0xFC000090 0xFC0007FE "fmr" [rc] (fd fb);
                /// Floating Multiply-Subtract.
                fmsubx A 0xFC000038 0xFC00003E "fmsub" [rc] (fd fa fc fb);
                /// Floating Multiply-Subtract Single.
                fmsubsx A 0xEC000038 0xFC00003E "fmsubs" [rc] (fd fa fc fb);
                /// Floating Multiply.
                fmulx A 0xFC000032 0xFC00003E "fmul" [rc] (fd fa fc);
                /// Floating Multiply Single.
                fmulsx A 0xEC000032 0xFC00003E "fmuls" [rc] (fd fa fc);
                /// Floating Negative Absolute Value.
                fnabsx X 0xFC000110 0xFC0007FE "fnabs" [rc] (fd fb);
                /// Floating Negate.
                fnegx X 0xFC000050 0xFC0007FE "fneg" [rc] (fd fb);
                /// Floating Negative Multiply-Add.
                fnmaddx A 0xFC00003E 0xFC00003E "fnmadd" [rc] (fd fa fc fb);
                /// Floating Negative Multiply-Add Single.
                fnmaddsx A 0xEC00003E 0xFC00003E "fnmadds" [rc] (fd fa fc fb);
                /// Floating Negative Multiply-Subtract.
                fnmsubx A 0xFC00003C 0xFC00003E "fnmsub" [rc] (fd fa fc fb);
                /// Floating Negative Multiply-Subtract Single.
                fnmsubsx A 0xEC00003C 0xFC00003E "fnmsubs" [rc] (fd fa fc fb);
                /// Floating Reciprocal Estimate Single.
                fresx A 0xEC000030 0xFC00003E "fres" [rc] (fd fb);
                /// Floating Round to Single.
                frspx X 0xFC000018 0xFC0007FE "frsp" [rc] (fd fb);
                /// Floating Reciprocal Square Root Estimate.
                frsqrtex A 0xFC000034 0xFC00003E "frsqrte" [rc] (fd fb);
                /// Floating Select.
                fselx A 0xFC00002E 0xFC00003E "fsel" [rc] (fd fa fc fb);
                /// Floating Square Root.
                fsqrtx A 0xFC00002C 0xFC00003E "fsqrt" [rc] (fd fb);
                /// Floating Square Root Single.
                fsqrtsx A 0xEC00002C 0xFC00003E "fsqrts" [rc] (fd fb);
                /// Floating Subtract.
                fsubx A 0xFC000028 0xFC00003E "fsub" [rc] (fd fa fb);
                /// Floating Subtract Single.
                fsubsx A 0xEC000028 0xFC00003E "fsubs" [rc] (fd fa fb);
                /// Move to Condition Register from FPSCR.
                mcrfs X 0xFC000080 0xFC0007FE "mcrfs" [last] (crfd crfs);
                /// Move from FPSCR.
                mffsx X 0xFC00048E 0xFC0007FE "mffs" [rc] (fd);
                /// Move to FPSCR Bit 0.
                mtfsb0x X 0xFC00008C 0xFC0007FE "mtfsb0" [rc last] (fpscr_bit);
                /// Move to FPSCR Bit 1.
                mtfsb1x X 0xFC00004C 0xFC0007FE "mtfsb1" [rc last] (fpscr_bit);
                /// Move to FPSCR Fields.
                mtfsfx XFL 0xFC00058E 0xFC0007FE "mtfsf" [rc last] (fm fb);
                /// Move to FPSCR Field Immediate.
                mtfsfix X 0xFC00010C 0xFC0007FE "mtfsfi" [rc last] (crfd fpscr_imm);
            }
            Vector {
                /// Load Vector Element Byte Indexed.
                lvebx X 0x7C00000E 0xFC0007FE "lvebx" [mem] (vd ra0 rb);
                /// Load Vector Element Half Word Indexed.
                lvehx X 0x7C00004E 0xFC0007FE "lvehx" [mem] (vd ra0 rb);
                /// Load Vector Element Word Indexed.
                lvewx X 0x7C00008E 0xFC0007FE "lvewx" [mem] (vd ra0 rb);
                /// Load Vector for Shift Left Indexed.
                lvsl X 0x7C00000C 0xFC0007FE "lvsl" [] (vd ra0 rb);
                /// Load Vector for Shift Right Indexed.
                lvsr X 0x7C00004C 0xFC0007FE "lvsr" [] (vd ra0 rb);
                /// Load Vector Indexed.
                lvx X 0x7C0000CE 0xFC0007FE "lvx" [mem] (vd ra0 rb);
                /// Load Vector Indexed LRU.
                lvxl X 0x7C0002CE 0xFC0007FE "lvxl" [mem] (vd ra0 rb);
                /// Load Vector Left Indexed.
                lvlx X 0x7C00040E 0xFC0007FE "lvlx" [mem] (vd ra0 rb);
                /// Load Vector Left Indexed LRU.
                lvlxl X 0x7C00060E 0xFC0007FE "lvlxl" [mem] (vd ra0 rb);
                /// Load Vector Right Indexed.
                lvrx X 0x7C00044E 0xFC0007FE "lvrx" [mem] (vd ra0 rb);
                /// Load Vector Right Indexed LRU.
                lvrxl X 0x7C00064E 0xFC0007FE "lvrxl" [mem] (vd ra0 rb);
                /// Store Vector Element Byte Indexed.
                stvebx X 0x7C00010E 0xFC0007FE "stvebx" [mem] (vs ra0 rb);
                /// Store Vector Element Half Word Indexed.
                stvehx X 0x7C00014E 0xFC0007FE "stvehx" [mem] (vs ra0 rb);
                /// Store Vector Element Word Indexed.
                stvewx X 0x7C00018E 0xFC0007FE "stvewx" [mem] (vs ra0 rb);
                /// Store Vector Indexed.
                stvx X 0x7C0001CE 0xFC0007FE "stvx" [mem] (vs ra0 rb);
                /// Store Vector Indexed LRU.
                stvxl X 0x7C0003CE 0xFC0007FE "stvxl" [mem] (vs ra0 rb);
                /// Store Vector Left Indexed.
                stvlx X 0x7C00050E 0xFC0007FE "stvlx" [mem] (vs ra0 rb);
                /// Store Vector Left Indexed LRU.
                stvlxl X 0x7C00070E 0xFC0007FE "stvlxl" [mem] (vs ra0 rb);
                /// Store Vector Right Indexed.
                stvrx X 0x7C00054E 0xFC0007FE "stvrx" [mem] (vs ra0 rb);
                /// Store Vector Right Indexed LRU.
                stvrxl X 0x7C00074E 0xFC0007FE "stvrxl" [mem] (vs ra0 rb);
                /// Vector Add Carryout Unsigned Word.
                vaddcuw VX 0x10000180 0xFC0007FF "vaddcuw" [] (vd va vb);
                /// Vector Add Floating Point.
                vaddfp VX 0x1000000A 0xFC0007FF "vaddfp" [] (vd va vb);
                /// Vector Add Signed Byte Saturate.
                vaddsbs VX 0x10000300 0xFC0007FF "vaddsbs" [] (vd va vb);
                /// Vector Add Signed Half Word Saturate.
                vaddshs VX 0x10000340 0xFC0007FF "vaddshs" [] (vd va vb);
                /// Vector Add Signed Word Saturate.
                vaddsws VX 0x10000380 0xFC0007FF "vaddsws" [] (vd va vb);
                /// Vector Add Unsigned Byte Modulo.
                vaddubm VX 0x10000000 0xFC0007FF "vaddubm" [] (vd va vb);
                /// Vector Add Unsigned Byte Saturate.
                vaddubs VX 0x10000200 0xFC0007FF "vaddubs" [] (vd va vb);
                /// Vector Add Unsigned Half Word Modulo.
                vadduhm VX 0x10000040 0xFC0007FF "vadduhm" [] (vd va vb);
                /// Vector Add Unsigned Half Word Saturate.
                vadduhs VX 0x10000240 0xFC0007FF "vadduhs" [] (vd va vb);
                /// Vector Add Unsigned Word Modulo.
                vadduwm VX 0x10000080 0xFC0007FF "vadduwm" [] (vd va vb);
                /// Vector Add Unsigned Word Saturate.
                vadduws VX 0x10000280 0xFC0007FF "vadduws" [] (vd va vb);
                /// Vector Logical AND.
                vand VX 0x10000404 0xFC0007FF "vand" [] (vd va vb);
                /// Vector Logical AND with Complement.
                vandc VX 0x10000444 0xFC0007FF "vandc" [] (vd va vb);
                /// Vector Average Signed Byte.
                vavgsb VX 0x10000502 0xFC0007FF "vavgsb" [] (vd va vb);
                /// Vector Average Signed Half Word.
                vavgsh VX 0x10000542 0xFC0007FF "vavgsh" [] (vd va vb);
                /// Vector Average Signed Word.
                vavgsw VX 0x10000582 0xFC0007FF "vavgsw" [] (vd va vb);
                /// Vector Average Unsigned Byte.
                vavgub VX 0x10000402 0xFC0007FF "vavgub" [] (vd va vb);
                /// Vector Average Unsigned Half Word.
                vavguh VX 0x10000442 0xFC0007FF "vavguh" [] (vd va vb);
                /// Vector Average Unsigned Word.
                vavguw VX 0x10000482 0xFC0007FF "vavguw" [] (vd va vb);
                /// Vector Convert from Signed Fixed-Point Word.
                vcfsx VX 0x1000034A 0xFC0007FF "vcfsx" [] (vd vb uimm5);
                /// Vector Convert from Unsigned Fixed-Point Word.
                vcfux VX 0x1000030A 0xFC0007FF "vcfux" [] (vd vb uimm5);
                /// Vector Compare Bounds Floating Point.
                vcmpbfp VC 0x100003C6 0xFC0003FF "vcmpbfp" [vrc] (vd va vb);
                /// Vector Compare Equal-to Floating Point.
                vcmpeqfp VC 0x100000C6 0xFC0003FF "vcmpeqfp" [vrc] (vd va vb);
                /// Vector Compare Equal-to Unsigned Byte.
                vcmpequb VC 0x10000006 0xFC0003FF "vcmpequb" [vrc] (vd va vb);
                /// Vector Compare Equal-to Unsigned Half Word.
                vcmpequh VC 0x10000046 0xFC0003FF "vcmpequh" [vrc] (vd va vb);
                /// Vector Compare Equal-to Unsigned Word.
                vcmpequw VC 0x10000086 0xFC0003FF "vcmpequw" [vrc] (vd va vb);
                /// Vector Compare Greater-Than-or-Equal-to Floating Point.
                vcmpgefp VC 0x100001C6 0xFC0003FF "vcmpgefp" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Floating Point.
                vcmpgtfp VC 0x100002C6 0xFC0003FF "vcmpgtfp" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Signed Byte.
                vcmpgtsb VC 0x10000306 0xFC0003FF "vcmpgtsb" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Signed Half Word.
                vcmpgtsh VC 0x10000346 0xFC0003FF "vcmpgtsh" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Signed Word.
                vcmpgtsw VC 0x10000386 0xFC0003FF "vcmpgtsw" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Unsigned Byte.
                vcmpgtub VC 0x10000206 0xFC0003FF "vcmpgtub" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Unsigned Half Word.
                vcmpgtuh VC 0x10000246 0xFC0003FF "vcmpgtuh" [vrc] (vd va vb);
                /// Vector Compare Greater-Than Unsigned Word.
                vcmpgtuw VC 0x10000286 0xFC0003FF "vcmpgtuw" [vrc] (vd va vb);
                /// Vector Convert to Signed Fixed-Point Word Saturate.
                vctsxs VX 0x100003CA 0xFC0007FF "vctsxs" [] (vd vb uimm5);
                /// Vector Convert to Unsigned Fixed-Point Word Saturate.
                vctuxs VX 0x1000038A 0xFC0007FF "vctuxs" [] (vd vb uimm5);
                /// Vector 2 Raised to the Exponent Estimate Floating Point.
                vexptefp VX 0x1000018A 0xFC0007FF "vexptefp" [] (vd vb);
                /// Vector Log2 Estimate Floating Point.
                vlogefp VX 0x100001CA 0xFC0007FF "vlogefp" [] (vd vb);
                /// Vector Multiply-Add Floating Point.
                vmaddfp VA 0x1000002E 0xFC00003F "vmaddfp" [] (vd va vc vb);
                /// Vector Maximum Floating Point.
                vmaxfp VX 0x1000040A 0xFC0007FF "vmaxfp" [] (vd va vb);
                /// Vector Maximum Signed Byte.
                vmaxsb VX 0x10000102 0xFC0007FF "vmaxsb" [] (vd va vb);
                /// Vector Maximum Signed Half Word.
                vmaxsh VX 0x10000142 0xFC0007FF "vmaxsh" [] (vd va vb);
                /// Vector Maximum Signed Word.
                vmaxsw VX 0x10000182 0xFC0007FF "vmaxsw" [] (vd va vb);
                /// Vector Maximum Unsigned Byte.
                vmaxub VX 0x10000002 0xFC0007FF "vmaxub" [] (vd va vb);
                /// Vector Maximum Unsigned Half Word.
                vmaxuh VX 0x10000042 0xFC0007FF "vmaxuh" [] (vd va vb);
                /// Vector Maximum Unsigned Word.
                vmaxuw VX 0x10000082 0xFC0007FF "vmaxuw" [] (vd va vb);
                /// Vector Multiply-High and Add Signed Signed Half Word Saturate.
                vmhaddshs VA 0x10000020 0xFC00003F "vmhaddshs" [] (vd va vb vc);
                /// Vector Multiply-High Round and Add Signed Signed Half Word Saturate.
                vmhraddshs VA 0x10000021 0xFC00003F "vmhraddshs" [] (vd va vb vc);
                /// Vector Minimum Floating Point.
                vminfp VX 0x1000044A 0xFC0007FF "vminfp" [] (vd va vb);
                /// Vector Minimum Signed Byte.
                vminsb VX 0x10000302 0xFC0007FF "vminsb" [] (vd va vb);
                /// Vector Minimum Signed Half Word.
                vminsh VX 0x10000342 0xFC0007FF "vminsh" [] (vd va vb);
                /// Vector Minimum Signed Word.
                vminsw VX 0x10000382 0xFC0007FF "vminsw" [] (vd va vb);
                /// Vector Minimum Unsigned Byte.
                vminub VX 0x10000202 0xFC0007FF "vminub" [] (vd va vb);
                /// Vector Minimum Unsigned Half Word.
                vminuh VX 0x10000242 0xFC0007FF "vminuh" [] (vd va vb);
                /// Vector Minimum Unsigned Word.
                vminuw VX 0x10000282 0xFC0007FF "vminuw" [] (vd va vb);
                /// Vector Multiply-Low and Add Unsigned Half Word Modulo.
                vmladduhm VA 0x10000022 0xFC00003F "vmladduhm" [] (vd va vb vc);
                /// Vector Merge High Byte.
                vmrghb VX 0x1000000C 0xFC0007FF "vmrghb" [] (vd va vb);
                /// Vector Merge High Half Word.
                vmrghh VX 0x1000004C 0xFC0007FF "vmrghh" [] (vd va vb);
                /// Vector Merge High Word.
                vmrghw VX 0x1000008C 0xFC0007FF "vmrghw" [] (vd va vb);
                /// Vector Merge Low Byte.
                vmrglb VX 0x1000010C 0xFC0007FF "vmrglb" [] (vd va vb);
                /// Vector Merge Low Half Word.
                vmrglh VX 0x1000014C 0xFC0007FF "vmrglh" [] (vd va vb);
                /// Vector Merge Low Word.
                vmrglw VX 0x1000018C 0xFC0007FF "vmrglw" [] (vd va vb);
                /// Vector Multiply-Sum Mixed-Sign Byte Modulo.
                vmsummbm VA 0x10000025 0xFC00003F "vmsummbm" [] (vd va vb vc);
                /// Vector Multiply-Sum Signed Half Word Modulo.
                vmsumshm VA 0x10000028 0xFC00003F "vmsumshm" [] (vd va vb vc);
                /// Vector Multiply-Sum Signed Half Word Saturate.
                vmsumshs VA 0x10000029 0xFC00003F "vmsumshs" [] (vd va vb vc);
                /// Vector Multiply-Sum Unsigned Byte Modulo.
                vmsumubm VA 0x10000024 0xFC00003F "vmsumubm" [] (vd va vb vc);
                /// Vector Multiply-Sum Unsigned Half Word Modulo.
                vmsumuhm VA 0x10000026 0xFC00003F "vmsumuhm" [] (vd va vb vc);
                /// Vector Multiply-Sum Unsigned Half Word Saturate.
                vmsumuhs VA 0x10000027 0xFC00003F "vmsumuhs" [] (vd va vb vc);
                /// Vector Multiply Even Signed Byte.
                vmulesb VX 0x10000308 0xFC0007FF "vmulesb" [] (vd va vb);
                /// Vector Multiply Even Signed Half Word.
                vmulesh VX 0x10000348 0xFC0007FF "vmulesh" [] (vd va vb);
                /// Vector Multiply Even Unsigned Byte.
                vmuleub VX 0x10000208 0xFC0007FF "vmuleub" [] (vd va vb);
                /// Vector Multiply Even Unsigned Half Word.
                vmuleuh VX 0x10000248 0xFC0007FF "vmuleuh" [] (vd va vb);
                /// Vector Multiply Odd Signed Byte.
                vmulosb VX 0x10000108 0xFC0007FF "vmulosb" [] (vd va vb);
                /// Vector Multiply Odd Signed Half Word.
                vmulosh VX 0x10000148 0xFC0007FF "vmulosh" [] (vd va vb);
                /// Vector Multiply Odd Unsigned Byte.
                vmuloub VX 0x10000008 0xFC0007FF "vmuloub" [] (vd va vb);
                /// Vector Multiply Odd Unsigned Half Word.
                vmulouh VX 0x10000048 0xFC0007FF "vmulouh" [] (vd va vb);
                /// Vector Negative Multiply-Subtract Floating Point.
                vnmsubfp VA 0x1000002F 0xFC00003F "vnmsubfp" [] (vd va vc vb);
                /// Vector Logical NOR.
                vnor VX 0x10000504 0xFC0007FF "vnor" [] (vd va vb);
                /// Vector Logical OR.
                vor VX 0x10000484 0xFC0007FF "vor" [] (vd va vb);
                /// Vector Permute.
                vperm VA 0x1000002B 0xFC00003F "vperm" [] (vd va vb vc);
                /// Vector Pack Pixel.
                vpkpx VX 0x1000030E 0xFC0007FF "vpkpx" [] (vd va vb);
                /// Vector Pack Signed Half Word Signed Saturate.
                vpkshss VX 0x1000018E 0xFC0007FF "vpkshss" [] (vd va vb);
                /// Vector Pack Signed Half Word Unsigned Saturate.
                vpkshus VX 0x1000010E 0xFC0007FF "vpkshus" [] (vd va vb);
                /// Vector Pack Signed Word Signed Saturate.
                vpkswss VX 0x100001CE 0xFC0007FF "vpkswss" [] (vd va vb);
                /// Vector Pack Signed Word Unsigned Saturate.
                vpkswus VX 0x1000014E 0xFC0007FF "vpkswus" [] (vd va vb);
                /// Vector Pack Unsigned Half Word Unsigned Modulo.
                vpkuhum VX 0x1000000E 0xFC0007FF "vpkuhum" [] (vd va vb);
                /// Vector Pack Unsigned Half Word Unsigned Saturate.
                vpkuhus VX 0x1000008E 0xFC0007FF "vpkuhus" [] (vd va vb);
                /// Vector Pack Unsigned Word Unsigned Modulo.
                vpkuwum VX 0x1000004E 0xFC0007FF "vpkuwum" [] (vd va vb);
                /// Vector Pack Unsigned Word Unsigned Saturate.
                vpkuwus VX 0x100000CE 0xFC0007FF "vpkuwus" [] (vd va vb);
                /// Vector Reciprocal Estimate Floating Point.
                vrefp VX 0x1000010A 0xFC0007FF "vrefp" [] (vd vb);
                /// Vector Round to Floating-Point Integer toward -Infinity.
                vrfim VX 0x100002CA 0xFC0007FF "vrfim" [] (vd vb);
                /// Vector Round to Floating-Point Integer Nearest.
                vrfin VX 0x1000020A 0xFC0007FF "vrfin" [] (vd vb);
                /// Vector Round to Floating-Point Integer toward +Infinity.
                vrfip VX 0x1000028A 0xFC0007FF "vrfip" [] (vd vb);
                /// Vector Round to Floating-Point Integer toward Zero.
                vrfiz VX 0x1000024A 0xFC0007FF "vrfiz" [] (vd vb);
                /// Vector Rotate Left Integer Byte.
                vrlb VX 0x10000004 0xFC0007FF "vrlb" [] (vd va vb);
                /// Vector Rotate Left Integer Half Word.
                vrlh VX 0x10000044 0xFC0007FF "vrlh" [] (vd va vb);
                /// Vector Rotate Left Integer Word.
                vrlw VX 0x10000084 0xFC0007FF "vrlw" [] (vd va vb);
                /// Vector Reciprocal Square Root Estimate Floating Point.
                vrsqrtefp VX 0x1000014A 0xFC0007FF "vrsqrtefp" [] (vd vb);
                /// Vector Conditional Select.
                vsel VA 0x1000002A 0xFC00003F "vsel" [] (vd va vb vc);
                /// Vector Shift Left.
                vsl VX 0x100001C4 0xFC0007FF "vsl" [] (vd va vb);
                /// Vector Shift Left Integer Byte.
                vslb VX 0x10000104 0xFC0007FF "vslb" [] (vd va vb);
                /// Vector Shift Left Double by Octet Immediate.
                vsldoi VA 0x1000002C 0xFC00003F "vsldoi" [] (vd va vb shb);
                /// Vector Shift Left Integer Half Word.
                vslh VX 0x10000144 0xFC0007FF "vslh" [] (vd va vb);
                /// Vector Shift Left by Octet.
                vslo VX 0x1000040C 0xFC0007FF "vslo" [] (vd va vb);
                /// Vector Shift Left Integer Word.
                vslw VX 0x10000184 0xFC0007FF "vslw" [] (vd va vb);
                /// Vector Splat Byte.
                vspltb VX 0x1000020C 0xFC0007FF "vspltb" [] (vd vb uimm5);
                /// Vector Splat Half Word.
                vsplth VX 0x1000024C 0xFC0007FF "vsplth" [] (vd vb uimm5);
                /// Vector Splat Immediate Signed Byte.
                vspltisb VX 0x1000030C 0xFC0007FF "vspltisb" [] (vd simm5);
                /// Vector Splat Immediate Signed Half Word.
                vspltish VX 0x1000034C 0xFC0007FF "vspltish" [] (vd simm5);
                /// Vector Splat Immediate Signed Word.
                vspltisw VX 0x1000038C 0xFC0007FF "vspltisw" [] (vd simm5);
                /// Vector Splat Word.
                vspltw VX 0x1000028C 0xFC0007FF "vspltw" [] (vd vb uimm5);
                /// Vector Shift Right.
                vsr VX 0x100002C4 0xFC0007FF "vsr" [] (vd va vb);
                /// Vector Shift Right Algebraic Byte.
                vsrab VX 0x10000304 0xFC0007FF "vsrab" [] (vd va vb);
                /// Vector Shift Right Algebraic Half Word.
                vsrah VX 0x10000344 0xFC0007FF "vsrah" [] (vd va vb);
                /// Vector Shift Right Algebraic Word.
                vsraw VX 0x10000384 0xFC0007FF "vsraw" [] (vd va vb);
                /// Vector Shift Right Byte.
                vsrb VX 0x10000204 0xFC0007FF "vsrb" [] (vd va vb);
                /// Vector Shift Right Half Word.
                vsrh VX 0x10000244 0xFC0007FF "vsrh" [] (vd va vb);
                /// Vector Shift Right Octet.
                vsro VX 0x1000044C 0xFC0007FF "vsro" [] (vd va vb);
                /// Vector Shift Right Word.
                vsrw VX 0x10000284 0xFC0007FF "vsrw" [] (vd va vb);
                /// Vector Subtract Carryout Unsigned Word.
                vsubcuw VX 0x10000580 0xFC0007FF "vsubcuw" [] (vd va vb);
                /// Vector Subtract Floating Point.
                vsubfp VX 0x1000004A 0xFC0007FF "vsubfp" [] (vd va vb);
                /// Vector Subtract Signed Byte Saturate.
                vsubsbs VX 0x10000700 0xFC0007FF "vsubsbs" [] (vd va vb);
                /// Vector Subtract Signed Half Word Saturate.
                vsubshs VX 0x10000740 0xFC0007FF "vsubshs" [] (vd va vb);
                /// Vector Subtract Signed Word Saturate.
                vsubsws VX 0x10000780 0xFC0007FF "vsubsws" [] (vd va vb);
                /// Vector Subtract Unsigned Byte Modulo.
                vsububm VX 0x10000400 0xFC0007FF "vsububm" [] (vd va vb);
                /// Vector Subtract Unsigned Byte Saturate.
                vsububs VX 0x10000600 0xFC0007FF "vsububs" [] (vd va vb);
                /// Vector Subtract Unsigned Half Word Modulo.
                vsubuhm VX 0x10000440 0xFC0007FF "vsubuhm" [] (vd va vb);
                /// Vector Subtract Unsigned Half Word Saturate.
                vsubuhs VX 0x10000640 0xFC0007FF "vsubuhs" [] (vd va vb);
                /// Vector Subtract Unsigned Word Modulo.
                vsubuwm VX 0x10000480 0xFC0007FF "vsubuwm" [] (vd va vb);
                /// Vector Subtract Unsigned Word Saturate.
                vsubuws VX 0x10000680 0xFC0007FF "vsubuws" [] (vd va vb);
                /// Vector Sum Across Signed Word Saturate.
                vsumsws VX 0x10000788 0xFC0007FF "vsumsws" [] (vd va vb);
                /// Vector Sum Across Partial (1/2) Signed Word Saturate.
                vsum2sws VX 0x10000688 0xFC0007FF "vsum2sws" [] (vd va vb);
                /// Vector Sum Across Partial (1/4) Signed Byte Saturate.
                vsum4sbs VX 0x10000708 0xFC0007FF "vsum4sbs" [] (vd va vb);
                /// Vector Sum Across Partial (1/4) Signed Half Word Saturate.
                vsum4shs VX 0x10000648 0xFC0007FF "vsum4shs" [] (vd va vb);
                /// Vector Sum Across Partial (1/4) Unsigned Byte Saturate.
                vsum4ubs VX 0x10000608 0xFC0007FF "vsum4ubs" [] (vd va vb);
                /// Vector Unpack High Pixel.
                vupkhpx VX 0x1000034E 0xFC0007FF "vupkhpx" [] (vd vb);
                /// Vector Unpack High Signed Byte.
                vupkhsb VX 0x1000020E 0xFC0007FF "vupkhsb" [] (vd vb);
                /// Vector Unpack High Signed Half Word.
                vupkhsh VX 0x1000024E 0xFC0007FF "vupkhsh" [] (vd vb);
                /// Vector Unpack Low Pixel.
                vupklpx VX 0x100003CE 0xFC0007FF "vupklpx" [] (vd vb);
                /// Vector Unpack Low Signed Byte.
                vupklsb VX 0x1000028E 0xFC0007FF "vupklsb" [] (vd vb);
                /// Vector Unpack Low Signed Half Word.
                vupklsh VX 0x100002CE 0xFC0007FF "vupklsh" [] (vd vb);
                /// Vector Logical XOR.
                vxor VX 0x100004C4 0xFC0007FF "vxor" [] (vd va vb);
            }
            Vector128 {
                /// Load Vector Element Word Indexed 128.
                lvewx128 VX128_1 0x10000083 0xFC0007F3 "lvewx128" [mem] (vd128 ra0 rb);
                /// Load Vector for Shift Left Indexed 128.
                lvsl128 VX128_1 0x10000003 0xFC0007F3 "lvsl128" [] (vd128 ra0 rb);
                /// Load Vector for Shift Right Indexed 128.
                lvsr128 VX128_1 0x10000043 0xFC0007F3 "lvsr128" [] (vd128 ra0 rb);
                /// Load Vector Indexed 128.
                lvx128 VX128_1 0x100000C3 0xFC0007F3 "lvx128" [mem] (vd128 ra0 rb);
                /// Load Vector Indexed LRU 128.
                lvxl128 VX128_1 0x100002C3 0xFC0007F3 "lvxl128" [mem] (vd128 ra0 rb);
                /// Load Vector Left Indexed 128.
                lvlx128 VX128_1 0x10000403 0xFC0007F3 "lvlx128" [mem] (vd128 ra0 rb);
                /// Load Vector Left Indexed LRU 128.
                lvlxl128 VX128_1 0x10000603 0xFC0007F3 "lvlxl128" [mem] (vd128 ra0 rb);
                /// Load Vector Right Indexed 128.
                lvrx128 VX128_1 0x10000443 0xFC0007F3 "lvrx128" [mem] (vd128 ra0 rb);
                /// Load Vector Right Indexed LRU 128.
                lvrxl128 VX128_1 0x10000643 0xFC0007F3 "lvrxl128" [mem] (vd128 ra0 rb);
                /// Store Vector Element Word Indexed 128.
                stvewx128 VX128_1 0x10000183 0xFC0007F3 "stvewx128" [mem] (vs128 ra0 rb);
                /// Store Vector Indexed 128.
                stvx128 VX128_1 0x100001C3 0xFC0007F3 "stvx128" [mem] (vs128 ra0 rb);
                /// Store Vector Indexed LRU 128.
                stvxl128 VX128_1 0x100003C3 0xFC0007F3 "stvxl128" [mem] (vs128 ra0 rb);
                /// Store Vector Left Indexed 128.
                stvlx128 VX128_1 0x10000503 0xFC0007F3 "stvlx128" [mem] (vs128 ra0 rb);
                /// Store Vector Left Indexed LRU 128.
                stvlxl128 VX128_1 0x10000703 0xFC0007F3 "stvlxl128" [mem] (vs128 ra0 rb);
                /// Store Vector Right Indexed 128.
                stvrx128 VX128_1 0x10000543 0xFC0007F3 "stvrx128" [mem] (vs128 ra0 rb);
                /// Store Vector Right Indexed LRU 128.
                stvrxl128 VX128_1 0x10000743 0xFC0007F3 "stvrxl128" [mem] (vs128 ra0 rb);
                /// Vector128 Add Floating Point.
                vaddfp128 VX128 0x14000010 0xFC0003D0 "vaddfp128" [] (vd128 va128 vb128);
                /// Vector128 Logical AND.
                vand128 VX128 0x14000210 0xFC0003D0 "vand128" [] (vd128 va128 vb128);
                /// Vector128 Logical AND with Complement.
                vandc128 VX128 0x14000250 0xFC0003D0 "vandc128" [] (vd128 va128 vb128);
                /// Vector128 Compare Bounds Floating Point.
                vcmpbfp128 VX128_R 0x18000180 0xFC000390 "vcmpbfp128" [vrc128] (vd128 va128 vb128);
                /// Vector128 Compare Equal-to Floating Point.
                vcmpeqfp128 VX128_R 0x18000000 0xFC000390 "vcmpeqfp128" [vrc128] (vd128 va128 vb128);
                /// Vector128 Compare Equal-to Unsigned Word.
                vcmpequw128 VX128_R 0x18000200 0xFC000390 "vcmpequw128" [vrc128] (vd128 va128 vb128);
                /// Vector128 Compare Greater-Than-or-Equal-to Floating Point.
                vcmpgefp128 VX128_R 0x18000080 0xFC000390 "vcmpgefp128" [vrc128] (vd128 va128 vb128);
                /// Vector128 Compare Greater-Than Floating-Point.
                vcmpgtfp128 VX128_R 0x18000100 0xFC000390 "vcmpgtfp128" [vrc128] (vd128 va128 vb128);
                /// Vector128 2 Raised to the Exponent Estimate Floating Point.
                vexptefp128 VX128_3 0x180006B0 0xFC0007F0 "vexptefp128" [] (vd128 vb128);
                /// Vector128 Log2 Estimate Floating Point.
                vlogefp128 VX128_3 0x180006F0 0xFC0007F0 "vlogefp128" [] (vd128 vb128);
                /// Vector128 Multiply Add Floating Point.
                vmaddfp128 VX128 0x140000D0 0xFC0003D0 "vmaddfp128" [] (vd128 va128 vb128);
                /// Vector128 Maximum Floating Point.
                vmaxfp128 VX128 0x18000280 0xFC0003D0 "vmaxfp128" [] (vd128 va128 vb128);
                /// Vector128 Minimum Floating Point.
                vminfp128 VX128 0x180002C0 0xFC0003D0 "vminfp128" [] (vd128 va128 vb128);
                /// Vector128 Merge High Word.
                vmrghw128 VX128 0x18000300 0xFC0003D0 "vmrghw128" [] (vd128 va128 vb128);
                /// Vector128 Merge Low Word.
                vmrglw128 VX128 0x18000340 0xFC0003D0 "vmrglw128" [] (vd128 va128 vb128);
                /// Vector128 Negative Multiply-Subtract Floating Point.
                vnmsubfp128 VX128 0x14000150 0xFC0003D0 "vnmsubfp128" [] (vd128 va128 vb128);
                /// Vector128 Logical NOR.
                vnor128 VX128 0x14000290 0xFC0003D0 "vnor128" [] (vd128 va128 vb128);
                /// Vector128 Logical OR.
                vor128 VX128 0x140002D0 0xFC0003D0 "vor128" [] (vd128 va128 vb128);
                /// Vector128 Permute.
                vperm128 VX128_2 0x14000000 0xFC000210 "vperm128" [] (vd128 va128 vb128 vc3);
                /// Vector128 Pack Signed Half Word Signed Saturate.
                vpkshss128 VX128 0x14000200 0xFC0003D0 "vpkshss128" [] (vd128 va128 vb128);
                /// Vector128 Pack Signed Half Word Unsigned Saturate.
                vpkshus128 VX128 0x14000240 0xFC0003D0 "vpkshus128" [] (vd128 va128 vb128);
                /// Vector128 Pack Signed Word Signed Saturate.
                vpkswss128 VX128 0x14000280 0xFC0003D0 "vpkswss128" [] (vd128 va128 vb128);
                /// Vector128 Pack Signed Word Unsigned Saturate.
                vpkswus128 VX128 0x140002C0 0xFC0003D0 "vpkswus128" [] (vd128 va128 vb128);
                /// Vector128 Pack Unsigned Half Word Unsigned Modulo.
                vpkuhum128 VX128 0x14000300 0xFC0003D0 "vpkuhum128" [] (vd128 va128 vb128);
                /// Vector128 Pack Unsigned Half Word Unsigned Saturate.
                vpkuhus128 VX128 0x14000340 0xFC0003D0 "vpkuhus128" [] (vd128 va128 vb128);
                /// Vector128 Pack Unsigned Word Unsigned Modulo.
                vpkuwum128 VX128 0x14000380 0xFC0003D0 "vpkuwum128" [] (vd128 va128 vb128);
                /// Vector128 Pack Unsigned Word Unsigned Saturate.
                vpkuwus128 VX128 0x140003C0 0xFC0003D0 "vpkuwus128" [] (vd128 va128 vb128);
                /// Vector128 Reciprocal Estimate Floating Point.
                vrefp128 VX128_3 0x18000630 0xFC0007F0 "vrefp128" [] (vd128 vb128);
                /// Vector128 Round to Floating-Point Integer toward -Infinity.
                vrfim128 VX128_3 0x18000330 0xFC0007F0 "vrfim128" [] (vd128 vb128);
                /// Vector128 Round to Floating-Point Integer Nearest.
                vrfin128 VX128_3 0x18000370 0xFC0007F0 "vrfin128" [] (vd128 vb128);
                /// Vector128 Round to Floating-Point Integer toward +Infinity.
                vrfip128 VX128_3 0x180003B0 0xFC0007F0 "vrfip128" [] (vd128 vb128);
                /// Vector128 Round to Floating-Point Integer toward Zero.
                vrfiz128 VX128_3 0x180003F0 0xFC0007F0 "vrfiz128" [] (vd128 vb128);
                /// Vector128 Rotate Left Word.
                vrlw128 VX128 0x18000050 0xFC0003D0 "vrlw128" [] (vd128 va128 vb128);
                /// Vector128 Reciprocal Square Root Estimate Floating Point.
                vrsqrtefp128 VX128_3 0x18000670 0xFC0007F0 "vrsqrtefp128" [] (vd128 vb128);
                /// Vector128 Conditional Select.
                vsel128 VX128 0x14000350 0xFC0003D0 "vsel128" [] (vd128 va128 vb128);
                /// Vector128 Shift Left Double by Octet Immediate.
                vsldoi128 VX128_5 0x10000010 0xFC000010 "vsldoi128" [] (vd128 va128 vb128 shb);
                /// Vector128 Shift Left Octet.
                vslo128 VX128 0x14000390 0xFC0003D0 "vslo128" [] (vd128 va128 vb128);
                /// Vector128 Shift Left Integer Word.
                vslw128 VX128 0x180000D0 0xFC0003D0 "vslw128" [] (vd128 va128 vb128);
                /// Vector128 Splat Immediate Signed Word.
                vspltisw128 VX128_3 0x18000770 0xFC0007F0 "vspltisw128" [] (vd128 simm5);
                /// Vector128 Splat Word.
                vspltw128 VX128_3 0x18000730 0xFC0007F0 "vspltw128" [] (vd128 vb128 uimm5);
                /// Vector128 Shift Right Arithmetic Word.
                vsraw128 VX128 0x18000150 0xFC0003D0 "vsraw128" [] (vd128 va128 vb128);
                /// Vector128 Shift Right Octet.
                vsro128 VX128 0x140003D0 0xFC0003D0 "vsro128" [] (vd128 va128 vb128);
                /// Vector128 Shift Right Word.
                vsrw128 VX128 0x180001D0 0xFC0003D0 "vsrw128" [] (vd128 va128 vb128);
                /// Vector128 Subtract Floating Point.
                vsubfp128 VX128 0x14000050 0xFC0003D0 "vsubfp128" [] (vd128 va128 vb128);
                /// Vector128 Unpack High Signed Byte; Signed Half Word if VA is 0x60.
                vupkhsb128 VX128 0x18000380 0xFC0003D0 "vupkhsb128" [] (vd128 vb128 va128);
                /// Vector128 Unpack Low Signed Byte; Signed Half Word if VA is 0x60.
                vupklsb128 VX128 0x180003C0 0xFC0003D0 "vupklsb128" [] (vd128 vb128 va128);
                /// Vector128 Logical XOR.
                vxor128 VX128 0x14000310 0xFC0003D0 "vxor128" [] (vd128 va128 vb128);
                /// Vector128 Multiply Floating-Point.
                vmulfp128 VX128 0x14000090 0xFC0003D0 "vmulfp128" [] (vd128 va128 vb128);
                /// Vector128 Multiply Add Floating Point.
                vmaddcfp128 VX128 0x14000110 0xFC0003D0 "vmaddcfp128" [] (vd128 va128 vb128);
                /// Vector128 Multiply Sum 3-way Floating Point.
                vmsum3fp128 VX128 0x14000190 0xFC0003D0 "vmsum3fp128" [] (vd128 va128 vb128);
                /// Vector128 Multiply Sum 4-way Floating-Point.
                vmsum4fp128 VX128 0x140001D0 0xFC0003D0 "vmsum4fp128" [] (vd128 va128 vb128);
                /// Vector128 Permutate Word Immediate.
                vpermwi128 VX128_P 0x18000210 0xFC000630 "vpermwi128" [] (vd128 vb128 perm);
                /// Vector128 Convert From Floating-Point to Signed Fixed-Point Word Saturate.
                vcfpsxws128 VX128_3 0x18000230 0xFC0007F0 "vcfpsxws128" [] (vd128 vb128 uimm5);
                /// Vector128 Convert From Floating-Point to Unsigned Fixed-Point Word Saturate.
                vcfpuxws128 VX128_3 0x18000270 0xFC0007F0 "vcfpuxws128" [] (vd128 vb128 uimm5);
                /// Vector128 Convert From Signed Fixed-Point Word to Floating-Point.
                vcsxwfp128 VX128_3 0x180002B0 0xFC0007F0 "vcsxwfp128" [] (vd128 vb128 uimm5);
                /// Vector128 Convert From Unsigned Fixed-Point Word to Floating-Point.
                vcuxwfp128 VX128_3 0x180002F0 0xFC0007F0 "vcuxwfp128" [] (vd128 vb128 uimm5);
                /// Vector128 Pack D3Dtype, Rotate Left Immediate and Mask Insert.
                vpkd3d128 VX128_4 0x18000610 0xFC000730 "vpkd3d128" [] (vd128 vb128 d3d_type d3d_pack z);
                /// Vector128 Rotate Left Immediate and Mask Insert.
                vrlimi128 VX128_4 0x18000710 0xFC000730 "vrlimi128" [] (vd128 vb128 uimm5 z);
                /// Vector128 Unpack D3Dtype.
                vupkd3d128 VX128_3 0x180007F0 0xFC0007F0 "vupkd3d128" [] (vd128 vb128 d3d_type d3d_pack);
            }
            System {
                /// Data Cache Block Flush.
                dcbf X 0x7C0000AC 0xFC0007FE "dcbf" [mem] (ra0 rb);
                /// Data Cache Block Invalidate.
                dcbi X 0x7C0003AC 0xFC0007FE "dcbi" [mem] (ra0 rb);
                /// Data Cache Block Store.
                dcbst X 0x7C00006C 0xFC0007FE "dcbst" [mem] (ra0 rb);
                /// Data Cache Block Touch.
                dcbt X 0x7C00022C 0xFC0007FE "dcbt" [mem] (ra0 rb);
                /// Data Cache Block Touch for Store.
                dcbtst X 0x7C0001EC 0xFC0007FE "dcbtst" [mem] (ra0 rb);
                /// Enforce In-Order Execution of I/O.
                eieio X 0x7C0006AC 0xFC0007FE "eieio" [] ();
                /// Instruction Cache Block Invalidate.
                icbi X 0x7C0007AC 0xFC0007FE "icbi" [mem last] (ra0 rb);
                /// Instruction Synchronize.
                isync XL 0x4C00012C 0xFC0007FE "isync" [last] ();
                /// Move to Condition Register from XER.
                mcrxr X 0x7C000400 0xFC0007FE "mcrxr" [] (crfd);
                /// Move from Condition Register.
                mfcr X 0x7C000026 0xFC0007FE "mfcr" [] (rd);
                /// Move from Machine State Register.
                mfmsr X 0x7C0000A6 0xFC0007FE "mfmsr" [privileged] (rd);
                /// Move from Special-Purpose Register.
                mfspr XFX 0x7C0002A6 0xFC0007FE "mfspr" [privileged] (rd spr);
                /// Move from Time Base.
                mftb XFX 0x7C0002E6 0xFC0007FE "mftb" [last] (rd tbr);
                /// Move to Condition Register Fields.
                mtcrf XFX 0x7C000120 0xFC0007FE "mtcrf" [] (crm rs);
                /// Move to Machine State Register.
                mtmsr X 0x7C000124 0xFC0007FE "mtmsr" [privileged last] (rs mtmsr_l);
                /// Move to Machine State Register Doubleword.
                mtmsrd X 0x7C000164 0xFC0007FE "mtmsrd" [privileged last] (rs mtmsr_l);
                /// Move to Special-Purpose Register.
                mtspr XFX 0x7C0003A6 0xFC0007FE "mtspr" [privileged] (spr rs);
                /// System Call.
                sc SC 0x44000000 0xFC000000 "sc" [last] (lev);
                /// Synchronize.
                sync X 0x7C0004AC 0xFC0007FE "sync" [] (sync_l);
                /// Trap Doubleword.
                td X 0x7C000088 0xFC0007FE "td" [] (to ra rb);
                /// Trap Doubleword Immediate.
                tdi D 0x08000000 0xFC000000 "tdi" [] (to ra simm);
                /// Trap Word.
                tw X 0x7C000008 0xFC0007FE "tw" [] (to ra rb);
                /// Trap Word Immediate.
                twi D 0x0C000000 0xFC000000 "twi" [] (to ra simm);
            }

        }
    };
}
