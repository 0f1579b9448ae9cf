//! The server: a static big-endian ELF64 executable for qemu-ppc64, made with our assembler.
//!
//! ```text
//! 1000_1800  sandbox, then the state (one block; r13 always points to 1000_2000)
//! 1000_3000  the server's private words
//! 2000_0000  exits, server, signal stack
//! 2001_0000  code of the jobs
//! ```
//! It reads a header (address and size of code, number of blocks), the code, then block after
//! block; each is loaded into the registers, run and written back. qemu's user mode takes every
//! enabled floating-point exception; a signal handler continues after the instruction, which is the
//! behaviour for FE0 = FE1 = 0. (The first signal makes qemu write to the gdb connection, which is
//! closed: SIGPIPE is ignored. The usual return from a handler is above 4 GiB, out of reach in
//! 32-bit mode: the handler calls `rt_sigreturn` itself.) All addresses are below 2^31, so that
//! `lis` and `ori` give the same address in both modes.

use super::state::at;
use std::fmt::Write as _;

/// First byte of the memory that jobs use; r13 points to its middle.
pub const SANDBOX: u32 = 0x1000_1800;
/// Size of the sandbox in bytes; it crosses two pages.
pub const SANDBOX_SIZE: usize = 0x1000;
/// Size of sandbox and state in bytes.
pub(super) const BLOCK_SIZE: usize = at::END;
/// Address to which a finished job jumps.
pub const EXIT: u32 = 0x2000_0000;
/// Second exit, by which a job reports that it took another path.
pub const EXIT_OTHER: u32 = EXIT + 12;
/// Start of the area for jobs' code.
pub const CODE_BASE: u32 = 0x2001_0000;
/// Size of that area in bytes.
pub const CODE_SIZE: u32 = 0x00FF_0000;
/// Encoding of `mtlr r1`: placed before a job's first word, because the server enters the job with
/// `blr`.
pub(super) const MTLR_R1: u32 = 0x7C28_03A6;

const MIDDLE: u32 = 0x1000_2000;
/// Offset of the server's private words from r13.
const OWN: u32 = 0x1000;
const COUNT: u32 = OWN + 8;
const SCRATCH: u32 = OWN + 64;
/// Arguments of `sigaltstack` and `rt_sigaction`.
const ACTION: u32 = OWN + 256;
const SIGNAL_STACK: u32 = EXIT + 0x8000;
const SIGNAL_STACK_SIZE: u32 = 0x7000;
/// Offset of the saved instruction address in a handler's context.
const SAVED_NIP: u32 = 488;

/// Distance of an offset in the block from r13.
const fn from_middle(offset: usize) -> i32 {
    offset as i32 - (MIDDLE - SANDBOX) as i32
}

/// The assembler source of the server.
fn source() -> String {
    let mut out = String::from(
        "std r0,R0(r13)\nli r0,0\nb save\n\
         std r0,R0(r13)\nli r0,1\nb save\n\
         start:\nlis r13,0x1000\nori r13,r13,0x2000\n\
         lis r3,STACK@h\nori r3,r3,STACK@l\nstd r3,ACTION(r13)\nli r3,0\nstd r3,8+ACTION(r13)\nli r3,DEPTH\nstd r3,16+ACTION(r13)\n\
         li r0,185\naddi r3,r13,ACTION\nli r4,0\nsc\nbso fail\n\
         lis r3,skip@h\nori r3,r3,skip@l\nstd r3,ACTION(r13)\nlis r3,0x4800\nori r3,r3,4\nstd r3,8+ACTION(r13)\n\
         li r3,0\nstd r3,16+ACTION(r13)\nstd r3,24+ACTION(r13)\n\
         li r0,173\nli r3,8\naddi r4,r13,ACTION\nli r5,0\nli r6,8\nsc\nbso fail\n\
         li r3,1\nstd r3,ACTION(r13)\nli r0,173\nli r3,13\naddi r4,r13,ACTION\nli r5,0\nli r6,8\nsc\nbso fail\n\
         main:\naddi r4,r13,OWN\nli r5,16\nbl read_all\n\
         lwz r4,OWN(r13)\nlwz r5,4+OWN(r13)\nbl read_all\n\
         next:\nlwz r3,COUNT(r13)\ncmpwi r3,0\nbeq main\naddi r3,r3,-1\nstw r3,COUNT(r13)\n\
         addi r4,r13,SANDBOX\nli r5,BLOCK\nbl read_all\n\
         ld r3,WAY(r13)\nmtlr r3\nlfd f0,FPSCR(r13)\nmtfsf 255,f0\n\
         li r3,VSCR\nlvx v0,r13,r3\nmtvscr v0\n\
         ld r3,XER(r13)\nmtxer r3\nld r3,CTR(r13)\nmtctr r3\nld r3,VRSAVE(r13)\nmtspr 256,r3\n\
         addi r3,r13,SCRATCH\nstwcx. r3,0,r3\n",
    );
    for n in 0..32 {
        let _ = writeln!(out, "lfd f{n},{}(r13)", from_middle(at::FPR + 8 * n));
        let _ = writeln!(out, "li r3,{}\nlvx v{n},r13,r3", from_middle(at::VR + 16 * n));
    }
    out.push_str("ld r3,CR(r13)\nmtcr r3\nld r1,LR(r13)\n");
    for n in (0..32).filter(|n| !matches!(n, 1 | 13)) {
        let _ = writeln!(out, "ld r{n},{}(r13)", from_middle(at::GPR + 8 * n));
    }
    out.push_str("blr\nsave:\nstd r0,WAY(r13)\n");
    for n in (1..32).filter(|&n| n != 13) {
        let _ = writeln!(out, "std r{n},{}(r13)", from_middle(at::GPR + 8 * n));
    }
    out.push_str(
        "mfcr r3\nstd r3,CR(r13)\nmfxer r3\nstd r3,XER(r13)\nmfctr r3\nstd r3,CTR(r13)\nmflr r3\nstd r3,LR(r13)\n\
         mfspr r3,256\nstd r3,VRSAVE(r13)\n",
    );
    for n in 0..32 {
        let _ = writeln!(out, "stfd f{n},{}(r13)", from_middle(at::FPR + 8 * n));
        let _ = writeln!(out, "li r3,{}\nstvx v{n},r13,r3", from_middle(at::VR + 16 * n));
    }
    out.push_str(
        "mffs f0\nstfd f0,FPSCR(r13)\nmfvscr v0\nli r3,VSCR\nstvx v0,r13,r3\n\
         addi r30,r13,SANDBOX\nli r31,BLOCK\n\
         more:\nli r0,4\nli r3,1\nmr r4,r30\nmr r5,r31\nsc\nbso fail\nadd r30,r30,r3\nsub r31,r31,r3\n\
         cmpwi r31,0\nbne more\nb next\n\
         read_all:\nmflr r29\nmr r30,r4\nmr r31,r5\n\
         again:\ncmpwi r31,0\nbeq done\nli r0,3\nli r3,0\nmr r4,r30\nmr r5,r31\nsc\nbso fail\ncmpwi r3,0\nbeq quit\n\
         add r30,r30,r3\nsub r31,r31,r3\nb again\n\
         done:\nmtlr r29\nblr\n\
         skip:\nld r3,NIP(r5)\naddi r3,r3,4\nstd r3,NIP(r5)\nli r0,172\nsc\n\
         quit:\nli r0,1\nli r3,0\nsc\nfail:\nli r0,1\nli r3,1\nsc\n",
    );
    // Longer names first: some contain others.
    for (name, value) in [
        ("SANDBOX", from_middle(0)),
        ("SCRATCH", SCRATCH as i32),
        ("ACTION", ACTION as i32),
        ("STACK", SIGNAL_STACK as i32),
        ("DEPTH", SIGNAL_STACK_SIZE as i32),
        ("NIP", SAVED_NIP as i32),
        ("VRSAVE", from_middle(at::VRSAVE)),
        ("FPSCR", from_middle(at::FPSCR)),
        ("BLOCK", BLOCK_SIZE as i32),
        ("COUNT", COUNT as i32),
        ("VSCR", from_middle(at::VSCR)),
        ("OWN", OWN as i32),
        ("WAY", from_middle(at::WAY)),
        ("XER", from_middle(at::XER)),
        ("CTR", from_middle(at::CTR)),
        ("CR", from_middle(at::CR)),
        ("LR", from_middle(at::LR)),
        ("R0", from_middle(at::GPR)),
    ] {
        out = out.replace(name, &value.to_string());
    }
    out
}

/// The ELF executable.
pub(super) fn elf() -> Result<Vec<u8>, xenia_isa::AsmError> {
    let image = xenia_isa::assemble(&source(), EXIT)?.bytes;
    let mut out = Vec::new();
    out.extend(b"\x7FELF\x02\x02\x01\0\0\0\0\0\0\0\0\0");
    let half = |out: &mut Vec<u8>, values: &[u16]| values.iter().for_each(|v| out.extend(v.to_be_bytes()));
    let word = |out: &mut Vec<u8>, value: u32| out.extend(value.to_be_bytes());
    let double = |out: &mut Vec<u8>, value: u64| out.extend(value.to_be_bytes());
    half(&mut out, &[2, 21]); // executable, PowerPC64
    word(&mut out, 1);
    double(&mut out, (EXIT + 24).into()); // entry: the second ABI has no descriptors
    double(&mut out, 64); // program headers
    double(&mut out, 0);
    word(&mut out, 2); // ABI
    half(&mut out, &[64, 56, 2, 0, 0, 0]);
    let size = image.len() as u64;
    let with_code = u64::from(CODE_BASE - EXIT + CODE_SIZE);
    for (offset, address, file, memory) in
        [(0x1_0000, EXIT, size, with_code), (0x1000, 0x1000_1000, 0, 0x3000)]
    {
        word(&mut out, 1);
        word(&mut out, 7); // read, write, execute
        for value in [offset, u64::from(address), u64::from(address), file, memory, 0x1000] {
            double(&mut out, value);
        }
    }
    out.resize(0x1_0000, 0);
    out.extend(image);
    Ok(out)
}
