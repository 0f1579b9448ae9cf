//! Compiled code has the same results as the interpreter, for any instructions.
//!
//! Input: eight bytes that determine the registers, then six bytes for each instruction: two that
//! select a row of the instruction table, four for the bits that the row leaves free. A selection
//! with its top bit set uses the four bytes as the word itself.
#![cfg_attr(fuzzing, no_main)]

use libfuzzer_sys::fuzz_target;
use std::cell::RefCell;
use std::sync::Arc;
use xenia_cpu::{EngineConfig, Execute, Interpreter, PpcContext, RegisterDifference};
use xenia_guest::GuestAddr;
use xenia_isa::{OP_COUNT, ROWS, Syntax, decode, disassemble};
use xenia_jit::{Jit, JitConfig};
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};

const CODE: u32 = 0x8201_0000;
const DATA: u32 = 0x1000_0000;
/// Size of the code area and of the data area in bytes.
const SIZE: u32 = 0x1_0000;
/// Limit on the instructions per input; sequences may loop.
const MAX_INSTRUCTIONS: i64 = 200;
const MAX_WORDS: usize = 48;
/// Encoding of `sc 2`: ends a sequence that reaches it.
const SC: u32 = 0x4400_0042;

struct LifterHarness {
    memory: Arc<GuestMemory>,
    engine: Box<dyn Execute>,
    ctx: PpcContext,
    devices: DeviceQueue,
}

impl LifterHarness {
    fn new(engine: impl Fn(&Arc<GuestMemory>) -> Box<dyn Execute>) -> Self {
        let memory = GuestMemory::new().expect("guest memory");
        // Self-modifying code without synchronization behaves differently in an engine that reads
        // each instruction and in one that has compiled it before, so code is read-only.
        for (address, protect) in [(CODE, Protect::READ_ONLY), (DATA, Protect::READ_WRITE)] {
            memory
                .alloc_fixed(GuestAddr(address), SIZE, AllocKind::ReserveCommit, protect)
                .expect("an empty place");
        }
        let engine = engine(&memory);
        Self { memory, engine, ctx: PpcContext::default(), devices: DeviceQueue::new() }
    }

    fn prepare(&mut self, code: &[u8], data: &[u8], ctx: &PpcContext) {
        self.memory.write_bytes(GuestAddr(CODE), code).expect("code is mapped");
        self.memory.write_bytes(GuestAddr(DATA), data).expect("data is mapped");
        self.ctx = ctx.clone();
        self.ctx.begin_visit(MAX_INSTRUCTIONS, 0, u32::MAX);
    }

    fn contents(&self, address: u32) -> Vec<u8> {
        let mut bytes = vec![0; SIZE as usize];
        self.memory.read_bytes(GuestAddr(address), &mut bytes).expect("memory stays mapped");
        bytes
    }
}

thread_local! {
    /// Creating guest memory is expensive, so both machines are reused.
    static MACHINES: RefCell<[LifterHarness; 2]> = RefCell::new([
        LifterHarness::new(|memory| Box::new(Interpreter::new(memory.clone(), EngineConfig::default()))),
        LifterHarness::new(|memory| {
            // Even if the page is written often: every input must run compiled.
            let config = JitConfig::compile_everything();
            Box::new(Jit::new(memory.clone(), config).expect("a compiler"))
        }),
    ]);
}

/// A small deterministic generator (xorshift).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

/// Registers: integers of all sizes, pointers into the data, ordinary and special floats.
fn registers(seed: u64) -> PpcContext {
    let mut random = Random(seed | 1);
    let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
    for n in 0..32 {
        let value = random.next();
        ctx.gpr[n] = match value >> 61 {
            0..3 => u64::from(DATA + 0x4000 + (value as u32 & 0x3FF0)),
            3 => value & 0x3F,
            4 => value as u32 as i32 as i64 as u64,
            5 => ((value & 1) << 63) | ((value >> 1 & 1) * 0x7FFF_FFFF),
            6 => u64::from(CODE + (value as u32 & 0x3C)),
            _ => value,
        };
        let value = random.next();
        ctx.fpr[n] = match value >> 62 {
            0 => ((value & 0xFFFF) as f64 / 64.0 - 512.0).to_bits(),
            1 => (u64::from((value as u32 & 0xF) << 28) << 32) | ((value & 1) * 0x000F_0000_0000_0001),
            2 => f64::from(f32::from_bits(value as u32 & 0xBFFF_FFFF)).to_bits(),
            _ => value,
        };
    }
    for vector in &mut ctx.vr {
        let value = u128::from(random.next()) << 64 | u128::from(random.next());
        *vector = match value >> 126 {
            0 => value & 0x1F1F_1F1F_1F1F_1F1F_1F1F_1F1F_1F1F_1F1F,
            1 => {
                value & 0xC1FF_0000_C1FF_0000_C1FF_0000_C1FF_0000 | 0x3E00_0000_0000_0000_3E00_0000_0000_0000
            }
            _ => value,
        };
    }
    ctx.set_cr_word(random.next() as u32);
    ctx.set_xer_word(random.next() as u32);
    ctx.lr = u64::from(CODE + (random.next() as u32 & 0x7C));
    ctx.ctr = random.next() & 0x8000_0000_0000_0007;
    ctx.vscr = (random.next() as u32 & 1) << 16;
    ctx
}

fuzz_target!(|bytes: &[u8]| {
    let Some((seed, picks)) = bytes.split_first_chunk() else { return };
    let words: Vec<u32> = picks
        .as_chunks()
        .0
        .iter()
        .take(MAX_WORDS)
        .map(|&[high, low, a, b, c, d]: &[u8; 6]| {
            let free = u32::from_be_bytes([a, b, c, d]);
            if high & 0x80 != 0 {
                return free;
            }
            let row = &ROWS[usize::from(u16::from_be_bytes([high, low])) % OP_COUNT];
            row.bits | free & !row.mask
        })
        .chain([SC])
        .collect();
    let code: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    let mut random = Random(u64::from_be_bytes(*seed) ^ 0x5555);
    let data: Vec<u8> = (0..SIZE / 8).flat_map(|_| random.next().to_be_bytes()).collect();
    let ctx = registers(u64::from_be_bytes(*seed));
    let what = || {
        let lines = words.iter().enumerate().map(|(n, &word)| {
            let pc = CODE + 4 * n as u32;
            format!("{pc:08x}: {word:08x}  {}\n", disassemble(word, pc, Syntax::Simplified))
        });
        format!("{}{ctx:x?}", lines.collect::<String>())
    };
    MACHINES.with_borrow_mut(|machines| {
        let compiled_before = machines[1].engine.counters().compiled_guest_instructions;
        let ends = machines.each_mut().map(|machine| {
            machine.prepare(&code, &data, &ctx);
            machine.engine.run(&mut machine.ctx, &mut machine.devices)
        });
        let [interpreter, jit] = machines;
        // Comparing the interpreter with itself would never find a difference.
        let compiled = jit.engine.counters().compiled_guest_instructions;
        assert!(compiled > compiled_before || decode(words[0]).is_none(), "nothing was compiled\n{}", what());
        if let Some(RegisterDifference { name, own, other }) = jit.ctx.first_difference(&interpreter.ctx) {
            panic!("{name}: compiled {own:#x}, interpreted {other:#x}\n{}", what());
        }
        assert_eq!(ends[1], ends[0], "compiled and interpreted code end differently\n{}", what());
        assert_eq!(jit.ctx.budget, interpreter.ctx.budget, "{}", what());
        assert_eq!(jit.ctx.reservation, interpreter.ctx.reservation, "{}", what());
        for address in [CODE, DATA] {
            let a = jit.contents(address);
            let b = interpreter.contents(address);
            if let Some(at) = (0..a.len()).find(|&at| a[at] != b[at]) {
                let at_address = address + at as u32;
                panic!(
                    "memory at {at_address:#x}: compiled {:#x}, interpreted {:#x}\n{}",
                    a[at],
                    b[at],
                    what()
                );
            }
            // Only memory could carry state into the next input.
            for machine in [&*interpreter, &*jit] {
                machine.memory.fill(GuestAddr(address), SIZE, 0).expect("memory stays mapped");
            }
        }
    });
});
