//! Compile-time benchmark: cost per guest instruction, from 10 instructions of code to a million.
//! Criterion's elements are guest instructions, and time has to be proportional to them. It
//! compiles title-like code in functions of 40 instructions, and one function with all the code,
//! which is split into pieces. Each function is called once, so nearly all the time is compiling,
//! publishing and linking.
#![allow(missing_docs)] // criterion's macros make public items

use criterion::{
    BatchSize, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group, criterion_main,
};
use std::sync::Arc;
use std::time::Duration;
use xenia_cpu::{Execute, Exit, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::assemble;
use xenia_isa::word::{BLR, sc};
use xenia_jit::{Jit, JitConfig};
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};

const CODE: u32 = 0x8200_0000;
/// Data area of the code, followed by the code's return address.
const DATA: u32 = 0x1000_0000;
const BACK: u32 = DATA + 0x1_0000;
/// Size of the code area: room for a million instructions.
const SIZE: u32 = 0x40_0000;
/// Numbers of instructions of code.
const LENGTHS: [u32; 6] = [10, 100, 1_000, 10_000, 100_000, 1_000_000];
/// Instructions per function, if there are several.
const FUNCTION: u32 = 40;
/// Limit on the instructions of one function: the rest of a longer one is left to the interpreter.
const MAX_INSTRUCTIONS: u32 = 100_000;

/// Ten typical instructions: a load, a store, arithmetic, a condition, floating point.
const PIECE: &str = "
        lwz     5, 8(3)
        add     6, 5, 4
        rlwinm  7, 6, 3, 0, 28
        cmpwi   7, 100
        bge     over
        stw     7, 12(3)
        addi    4, 4, 1
over:   lfs     1, 16(3)
        fmuls   2, 1, 1
        stfs    2, 20(3)";

/// `count` instructions in functions of `function`; each function ends with a return in place of a
/// piece's last instruction.
fn code(count: u32, function: u32) -> Vec<u32> {
    let piece = assemble(PIECE, CODE).expect("the piece").bytes;
    let piece: Vec<u32> =
        piece.chunks_exact(4).map(|word| u32::from_be_bytes(word.try_into().expect("four bytes"))).collect();
    assert_eq!(piece.len(), 10);
    let at = |n: u32| {
        if (n + 1).is_multiple_of(function) || n + 1 == count { BLR } else { piece[n as usize % 10] }
    };
    (0..count).map(at).collect()
}

struct Code {
    memory: Arc<GuestMemory>,
    functions: Vec<GuestAddr>,
    count: u32,
}

impl Code {
    fn new(count: u32, function: u32) -> Self {
        let memory = GuestMemory::new().expect("guest memory");
        for (at, size) in [(CODE, SIZE), (DATA, 0x1_0000), (BACK, 0x1_0000)] {
            let kind = AllocKind::ReserveCommit;
            memory.alloc_fixed(GuestAddr(at), size, kind, Protect::EXECUTE_READ_WRITE).expect("room");
        }
        memory.write(GuestAddr(BACK), sc(0)).expect("where it returns to");
        let bytes: Vec<u8> = code(count, function).iter().flat_map(|word| word.to_be_bytes()).collect();
        memory.write_bytes(GuestAddr(CODE), &bytes).expect("code");
        let functions = (0..count).step_by(function as usize).map(|n| GuestAddr(CODE + 4 * n)).collect();
        Self { memory, functions, count }
    }

    fn jit(&self) -> Jit {
        let config = JitConfig { warm_up: 0, ..JitConfig::default() };
        Jit::new(Arc::clone(&self.memory), config).expect("an engine")
    }

    /// Calls each function once.
    fn compile(&self, jit: &mut Jit) {
        let mut devices = DeviceQueue::new();
        let mut ctx = PpcContext { lr: BACK.into(), ..PpcContext::default() };
        for function in &self.functions {
            ctx.pc = function.0;
            ctx.gpr[3] = DATA.into();
            ctx.begin_visit(i64::MAX, 0, u32::MAX);
            assert_eq!(jit.run(&mut ctx, &mut devices), Exit::Syscall { lev: 0 });
        }
        // Splitting and the return code add to the count.
        let compiled = jit.counters().compiled_guest_instructions;
        let count = u64::from(self.count);
        assert!((count..=count + count / 10 + 10).contains(&compiled), "{compiled} of {count}");
    }
}

fn benches(criterion: &mut Criterion) {
    for (name, function) in [("compile functions", FUNCTION), ("compile one function", u32::MAX)] {
        let mut group = criterion.benchmark_group(name);
        // A million instructions take many seconds.
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.warm_up_time(Duration::from_millis(1)).measurement_time(Duration::from_secs(1));
        let lengths = LENGTHS.into_iter().filter(|&count| function == FUNCTION || count <= MAX_INSTRUCTIONS);
        for count in lengths {
            let code = Code::new(count, function.min(count));
            group.throughput(Throughput::Elements(u64::from(count)));
            group.bench_with_input(BenchmarkId::from_parameter(count), &code, |bencher, code| {
                bencher.iter_batched_ref(|| code.jit(), |jit| code.compile(jit), BatchSize::PerIteration);
            });
        }
        group.finish();
    }
}

criterion_group!(compiling, benches);
criterion_main!(compiling);
