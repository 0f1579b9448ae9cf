//! Speed of the interpreter on small loops: criterion's elements are guest instructions, so
//! "Melem/s" is MIPS. The goal is a geometric mean of at least 150 over real programs;
//! `xenia-rs bench` measures those.
#![allow(missing_docs)] // criterion's macros make public items

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use std::sync::Arc;
use xenia_cpu::{EngineConfig, Execute, Exit, Interpreter, PpcContext};
use xenia_guest::GuestAddr;
use xenia_isa::assemble;
use xenia_memory::{AllocKind, DeviceQueue, GuestMemory, Protect};

const CODE: u32 = 0x8200_0000;
const DATA: u32 = 0x1000_0000;
const STACK: u32 = 0x1001_0000;
const SIZE: u32 = 0x1_0000;

/// A loop that ends with `sc`, and the expected value of r3.
struct Kernel {
    name: &'static str,
    source: &'static str,
    /// Initial values of r3, r4, r5.
    arguments: [u64; 3],
    answer: fn() -> u64,
}

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "crc32",
        // Bit by bit over r5 bytes at r4.
        source: "
            mtctr   5
            lis     6, 0xEDB8
            ori     6, 6, 0x8320
            addi    4, 4, -1
    byte:   lbzu    7, 1(4)
            xor     3, 3, 7
            li      8, 8
    bit:    andi.   9, 3, 1
            srwi    3, 3, 1
            beq     skip
            xor     3, 3, 6
    skip:   addi    8, 8, -1
            cmpwi   8, 0
            bne     bit
            bdnz    byte
            not     3, 3
            clrldi  3, 3, 32
            sc",
        arguments: [0xFFFF_FFFF, DATA as u64, 1024],
        answer: || {
            let mut crc = u32::MAX;
            for byte in data().take(1024) {
                crc ^= u32::from(byte);
                for _ in 0..8 {
                    crc = crc >> 1 ^ if crc & 1 != 0 { 0xEDB8_8320 } else { 0 };
                }
            }
            u64::from(!crc)
        },
    },
    Kernel {
        name: "copy",
        // r5 words from r4 to r3, byte-reversed; then their sum.
        source: "
            mtctr   5
            mr      6, 3
            li      7, 0
            li      3, 0
    word:   lwbrx   8, 7, 4
            stwx    8, 7, 6
            add     3, 3, 8
            addi    7, 7, 4
            bdnz    word
            clrldi  3, 3, 32
            sc",
        arguments: [DATA as u64 + 0x8000, DATA as u64, 4096],
        answer: || {
            let bytes: Vec<u8> = data().take(4 * 4096).collect();
            let words = bytes.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
            u64::from(words.fold(0, u32::wrapping_add))
        },
    },
    Kernel {
        name: "calls",
        // fib(r3), recursive.
        source: "
            bl      fib
            sc
    fib:    cmpwi   3, 2
            bltlr
            mflr    0
            stw     0, 4(1)
            stwu    1, -16(1)
            stw     3, 8(1)
            addi    3, 3, -1
            bl      fib
            lwz     4, 8(1)
            stw     3, 12(1)
            addi    3, 4, -2
            bl      fib
            lwz     4, 12(1)
            add     3, 3, 4
            addi    1, 1, 16
            lwz     0, 4(1)
            mtlr    0
            blr",
        arguments: [17, 0, 0],
        answer: || (0..17).fold((0, 1), |(a, b), _| (b, a + b)).0,
    },
    Kernel {
        name: "pointers",
        // Calls through a table of three functions, r5 times.
        source: "
            lis     6, table@ha
            addi    6, 6, table@l
            li      7, 0
    again:  lwzx    8, 6, 7
            mtctr   8
            bctrl
            addi    7, 7, 4
            cmpwi   7, 12
            blt     more
            li      7, 0
    more:   addic.  5, 5, -1
            bne     again
            clrldi  3, 3, 32
            sc
    one:    addi    3, 3, 1
            blr
    two:    slwi    3, 3, 1
            blr
    three:  xori    3, 3, 0x55
            blr
    table:  .long   one, two, three",
        arguments: [0, 0, 3000],
        answer: || {
            let calls: [fn(u32) -> u32; 3] = [|x| x.wrapping_add(1), |x| x << 1, |x| x ^ 0x55];
            u64::from((0..3000).fold(0, |x, n| calls[n % 3](x)))
        },
    },
];

/// Contents of [`DATA`].
fn data() -> impl Iterator<Item = u8> {
    (0_u32..).map(|n| (n.wrapping_mul(0x9E37_79B9) >> 24) as u8)
}

struct CpuFixture {
    memory: Arc<GuestMemory>,
    interp: Interpreter,
    devices: DeviceQueue,
}

impl CpuFixture {
    fn new(kernel: &Kernel) -> Self {
        let memory = GuestMemory::new().unwrap();
        for addr in [CODE, DATA, STACK] {
            memory.alloc_fixed(GuestAddr(addr), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE).unwrap();
        }
        let code = assemble(kernel.source, CODE).unwrap_or_else(|error| panic!("{}: {error}", kernel.name));
        memory.write_bytes(GuestAddr(CODE), &code.bytes).unwrap();
        let bytes: Vec<u8> = data().take(0x8000).collect();
        memory.write_bytes(GuestAddr(DATA), &bytes).unwrap();
        let interp = Interpreter::new(Arc::clone(&memory), EngineConfig::default());
        Self { memory, interp, devices: DeviceQueue::new() }
    }

    /// Runs the kernel once; returns r3 and the number of instructions.
    fn run(&mut self, kernel: &Kernel) -> (u64, u64) {
        let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
        ctx.gpr[1] = u64::from(STACK + SIZE - 64);
        ctx.gpr[3..6].copy_from_slice(&kernel.arguments);
        ctx.begin_visit(i64::MAX, 0, u32::MAX);
        let exit = self.interp.run(&mut ctx, &mut self.devices);
        assert_eq!(exit, Exit::Syscall { lev: 0 }, "{}", kernel.name);
        (ctx.gpr[3], ctx.executed())
    }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("interp");
    group.sample_size(30);
    for kernel in KERNELS {
        let mut machine = CpuFixture::new(kernel);
        let (answer, instructions) = machine.run(kernel);
        assert_eq!(answer, (kernel.answer)(), "{}", kernel.name);
        group.throughput(Throughput::Elements(instructions));
        group.bench_function(kernel.name, |bencher| bencher.iter(|| machine.run(kernel)));
    }
    // The first execution: every block is found, decoded, watched. Elements are instructions of
    // code.
    let kernel = &KERNELS[2];
    let machine = CpuFixture::new(kernel);
    group.throughput(Throughput::Elements(22));
    group.bench_function("first execution", |bencher| {
        bencher.iter_batched(
            || Interpreter::new(Arc::clone(&machine.memory), EngineConfig::default()),
            |mut interp| {
                let mut ctx = PpcContext { pc: CODE, ..PpcContext::default() };
                ctx.gpr[1] = u64::from(STACK + SIZE - 64);
                ctx.gpr[3] = 3;
                ctx.begin_visit(i64::MAX, 0, u32::MAX);
                interp.run(&mut ctx, &mut DeviceQueue::new())
            },
            BatchSize::SmallInput,
        );
    });
    group.finish();
}

criterion_group!(interp, benches);
criterion_main!(interp);
