//! The fuzzer's seed corpus: short sequences of kinds that engines got wrong, with qemu's results.
//!
//! The fuzzer runs each from many states before it generates random sequences. Pointers and indices
//! are in r20 to r24; FPSCR is not recorded, because qemu does not compute FR.

use crate::case::{Expected, GeneratedCase, QEMU, Reg};
use Reg::{Cr, Ctr, F, Fpscr, R, V, Vscr, Xer};
use std::collections::BTreeMap;
use xenia_isa::Op;

/// A sequence: file name, description, code, state.
struct Seed {
    name: &'static str,
    about: &'static str,
    code: &'static str,
    ins: &'static [(Reg, u128)],
}

const HERE: u128 = 0x1000_2010;
const ONE: u128 = 0x3FF0_0000_0000_0000;
const THIRD: u128 = 0x3FD5_5555_5555_5555;
const SIGNALLING: u128 = 0x7FF0_0000_0000_0001;

const SEEDS: &[Seed] = &[
    Seed {
        name: "carry_chain",
        about: "carries through an add, a subtraction and their extended forms, with a record form between",
        code: "addc r3,r4,r5\nadde r6,r4,r4\nsubfe. r7,r5,r4\naddme r8,r7\nsubfze r9,r8\naddic r10,r9,-1\nsubfic r11,r10,3\naddzeo. r12,r11",
        ins: &[(R(4), 0xFFFF_FFFF), (R(5), 1), (Xer, 0xA000_0000)],
    },
    Seed {
        name: "sticky_overflow",
        about: "SO stays, and CR0 of later record forms copies it, until mcrxr takes it",
        code: "addo r3,r4,r4\nsubf. r9,r4,r4\nmullwo. r6,r4,r4\nnego r7,r4\nor. r8,r4,r4\nmcrxr cr3\nadd. r9,r4,r4\ndivwo. r10,r4,r5\nmfxer r11",
        ins: &[(R(4), 0x7FFF_FFFF), (R(5), 3)],
    },
    Seed {
        name: "compare_and_select",
        about: "compares feed logic on CR bits, moves of fields and branches both ways",
        code: "cmpw cr1,r4,r5\ncmpld cr2,r4,r5\ncrandc 0,5,9\ncror 30,4,8\nmcrf cr5,cr1\nmfcr r6\nbt 0,skip@N\naddi r7,r7,1\nskip@N:\nbf 30,over@N\naddi r7,r7,2\nover@N:\nmtcrf 0x42,r7\nmfcr r8",
        ins: &[(R(4), 0x1_0000_0001), (R(5), 2), (Cr, 0x1234_5678)],
    },
    Seed {
        name: "counted_loop",
        about: "bdnz counts a CTR whose upper half is not zero; values live across the loop's back edge",
        code: "li r3,0\nloop@N:\nadd r3,r3,r4\nrotlwi r4,r4,3\nxor. r5,r3,r4\nbdnzf 0,loop@N\nmfctr r6",
        ins: &[(R(4), 0x8765_4321), (Ctr, 0xDEAD_BEEF_0000_0006)],
    },
    Seed {
        name: "overlapping_accesses",
        about: "stores of one width under loads of another, at odd addresses and over a page's end",
        code: "stw r4,-3(r20)\nsth r5,-1(r20)\nlwz r6,-2(r20)\nstd r6,0(r22)\nstd r6,-8(r21)\nlhbrx r7,0,r21\nstwbrx r7,0,r22\nld r8,-4(r22)\nstb r8,2(r22)\nlwa r9,0(r22)\nlfd f1,-8(r22)\nstfs f1,4(r20)",
        ins: &[
            (R(4), 0x1122_3344_5566_7788),
            (R(5), 0xA1B2_C3D4),
            (R(20), 0x1000_2000),
            (R(21), 0x1000_1FFB),
            (R(22), 0x1000_2000),
        ],
    },
    Seed {
        name: "updates",
        about: "update forms move their base, which the next access uses",
        code: "lwzu r3,4(r20)\nstwu r20,8(r20)\nlwzux r4,r20,r24\nstbu r4,-1(r20)\nlhau r6,3(r20)\nlfdu f1,8(r21)\nstfdux f1,r21,r24\nldu r7,-8(r21)",
        ins: &[(R(20), HERE), (R(21), HERE + 64), (R(24), 8)],
    },
    Seed {
        name: "multiple_and_string",
        about: "multiple and string accesses over registers that computed values are still waiting in",
        code: "add r28,r4,r4\nsubf r30,r4,r28\nstmw r27,0(r20)\nlswi r27,r20,11\nxor r29,r27,r28\nstswi r28,r21,7\nlmw r29,4(r20)\nadd r26,r30,r31",
        ins: &[(R(4), 0x1234_5678_9ABC_DEF0), (R(20), HERE), (R(21), HERE + 33)],
    },
    Seed {
        name: "reservation",
        about: "a reservation that holds, one that an earlier conditional store used up, and none",
        code: "lwarx r3,0,r20\naddi r3,r3,1\nstwcx. r3,0,r20\nmfcr r6\nstwcx. r4,0,r20\nmfcr r7\nldarx r5,0,r21\nstdcx. r4,0,r21\nmfcr r8\nlwarx r9,0,r20\nstwcx. r9,0,r21\nmfcr r10",
        ins: &[(R(4), 0x55), (R(20), HERE), (R(21), HERE + 256)],
    },
    Seed {
        name: "changed_code",
        about: "code that replaces its own next instruction and says so",
        code: "mflr r12\nbcl 20,31,here@N\nhere@N:\nmflr r6\naddi r6,r6,40\nlis r7,0x6C85\nori r7,r7,0x1234\nstw r7,0(r6)\ndcbst 0,r6\nsync\nicbi 0,r6\nsync\nisync\naddi r5,r4,17\nxor r8,r5,r4\nmtlr r12",
        ins: &[(R(4), 0x8000_0001)],
    },
    Seed {
        name: "rounding_modes",
        about: "the rounding mode changes between operations on the same values",
        code: "mtfsfi 7,1\nfdiv f3,f1,f2\nmtfsfi 7,2\nfdiv f4,f1,f2\nmtfsb1 31\nfdivs f5,f1,f2\nmtfsfi 7,0\nfadd f6,f3,f4\nfmadd f7,f3,f4,f1\nfctid f8,f7\nfctidz f9,f4",
        ins: &[(F(1), ONE), (F(2), 0x4008_0000_0000_0000)],
    },
    Seed {
        name: "overwritten_conversion",
        about: "results that nobody reads still leave their flags; a move takes FPSCR in between",
        code: "fctiw f3,f1\nfmr f3,f2\nmffs f4\nfrsp f5,f1\nfadd f5,f2,f2\nmcrfs cr2,0\nfcmpu cr3,f1,f3\nfsel f6,f4,f2,f1",
        ins: &[(F(1), THIRD), (F(2), ONE)],
    },
    Seed {
        name: "nan_order",
        about: "which operand's NaN a result takes, quiet and signalling, in sums, products and both at once",
        code: "fadd f5,f1,f2\nfadd f6,f2,f1\nfmul f7,f2,f3\nfmadd f8,f1,f2,f3\nfmadd f9,f4,f2,f3\nfnmsub f10,f4,f4,f1\nfsub f11,f3,f1\nfneg f12,f5",
        ins: &[(F(1), SIGNALLING), (F(2), 0x7FFC_0000_0000_1234), (F(3), 0xFFF8_0000_0000_0055), (F(4), ONE)],
    },
    Seed {
        name: "denormal_singles",
        about: "singles that become denormal, and NI, which changes nothing",
        code: "fmuls f3,f1,f2\nmtfsfi 7,4\nfmuls f4,f1,f2\nmtfsfi 7,0\nfadds f5,f3,f4\nstfs f5,0(r20)\nlfs f6,0(r20)\nfcmpo cr1,f5,f6",
        ins: &[(F(1), 0x3810_0000_0000_0000), (F(2), 0x3FE8_0000_0000_0000), (R(20), HERE)],
    },
    Seed {
        name: "java_mode",
        about: "NJ changes between vector operations on denormals",
        code: "vaddfp v3,v1,v2\nvspltisw v4,0\nmtvscr v4\nvaddfp v5,v1,v2\nvmaddfp v6,v1,v2,v1\nmtvscr v7\nvmaddfp v8,v1,v2,v1\nvcmpgtfp. v9,v5,v3\nmfvscr v10",
        ins: &[
            (V(1), 0x0000_0001_807F_FFFF_3F80_0000_0080_0000),
            (V(2), 0x0000_0002_0040_0000_0000_0001_8080_0000),
            (V(7), 0x1_0000),
            (Vscr, 0x1_0000),
        ],
    },
    Seed {
        name: "sticky_saturation",
        about: "SAT stays set over operations that don't saturate and goes by mtvscr",
        code: "vaddubs v3,v1,v2\nvaddubm v4,v1,v2\nmfvscr v5\nmtvscr v6\nvpkswss v7,v1,v2\nvsumsws v8,v1,v2\nmfvscr v9\nvcmpequw. v10,v5,v9\nmfcr r3",
        ins: &[
            (V(1), 0xFFFF_0001_7FFF_FFFF_8000_0000_0102_0304),
            (V(2), 0x0101_0101_7FFF_FFFF_8000_0000_0000_0001),
        ],
    },
    Seed {
        name: "unaligned_vector",
        about: "the idiom that loads an unaligned vector, and element stores that take it apart",
        code: "lvx v1,0,r20\nlvsl v2,0,r20\nlvx v3,r20,r24\nvperm v4,v1,v3,v2\nstvx v4,0,r21\nstvebx v4,0,r22\nstvehx v4,r22,r24\nstvewx v4,0,r23\nlwz r3,3(r21)",
        ins: &[(R(24), 15), (R(20), HERE + 5), (R(21), HERE + 64), (R(22), HERE + 67), (R(23), HERE + 90)],
    },
    Seed {
        name: "shared_vector_registers",
        about: "VMX128 forms and AltiVec forms on the same registers, results into their own sources",
        code: "vaddfp128 v3,v3,v4\nvmaddfp128 v3,v4,v3\nvmaddcfp128 v4,v3,v4\nvaddfp v4,v4,v3\nvmulfp128 v5,v4,v4\nvrlimi128 v5,v3,6,1\nvpermwi128 v6,v5,147\nvcmpgefp128. v7,v6,v5\nmfcr r3",
        ins: &[
            (V(3), 0x3F80_0000_C000_0000_4040_0000_3F00_0000),
            (V(4), 0x4000_0000_3F80_0000_BF80_0000_4080_0000),
        ],
    },
    Seed {
        name: "branches_through_registers",
        about: "a call through CTR and a return through LR, decided by compares of two kinds",
        code: "mflr r12\nbcl 20,31,here@N\nhere@N:\nmflr r6\naddi r7,r6,32\nmtctr r7\nfcmpu cr0,f1,f2\nbctrl\naddi r3,r3,1\nmtlr r12\nb end@N\naddi r3,r3,16\nbnelr\naddi r3,r3,32\nblr\nend@N:\ncmpdi cr1,r3,17",
        ins: &[(F(1), ONE), (F(2), THIRD)],
    },
];

/// A file of the corpus.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) case: GeneratedCase,
}

/// The sequences, with questions for qemu.
pub(crate) fn files() -> Vec<File> {
    let of = |seed: &Seed| {
        let mut ins: BTreeMap<Reg, u128> = seed.ins.iter().copied().collect();
        ins.entry(Vscr).or_insert(0x1_0000);
        let numbered = |kind: fn(u8) -> Reg| (0..32).map(kind);
        // The server uses r1 and r13, and r12 may hold LR; from v28 on, registers may hold
        // constants for qemu.
        let registers = (2..32).filter(|n| !matches!(n, 12 | 13)).map(R).chain(numbered(F));
        let registers = registers.chain((0..28).map(V)).chain([Cr, Xer, Ctr, Vscr]);
        let mut case = GeneratedCase::for_qemu(Op::addx, seed.code, &[], &registers.collect::<Vec<_>>());
        case.ins = ins;
        case.source = QEMU;
        if let Some(question) = &mut case.question {
            question.memory = seed.ins.iter().any(|(register, _)| matches!(register, R(20)));
        }
        let memory: [u8; crate::case::WINDOW_SIZE] = std::array::from_fn(|n| (n * 29 + 7) as u8);
        let has_memory = case.question.as_ref().is_some_and(|question| question.memory);
        let case = if has_memory { case.with_memory(&memory) } else { case };
        File { name: seed.name, about: seed.about, case }
    };
    SEEDS.iter().map(of).collect()
}

/// Removes values that a sequence did not change, and registers whose values are addresses of its
/// code.
pub(crate) fn trim(case: &mut GeneratedCase) {
    let ins = case.ins.clone();
    let addresses = case.code.contains("mflr");
    case.outs.retain(|out| match out {
        Expected::Register(R(6 | 7) | Ctr, _) if addresses => false,
        Expected::Register(Fpscr, _) => false,
        Expected::Register(register, value) => ins.get(register).copied().unwrap_or(0) != *value,
        Expected::Memory(..) => true,
    });
}
