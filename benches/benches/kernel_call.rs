//! Cost of a kernel call from compiled code: a title's loop calls an export that does nothing
//! (`VdShutdownEngines`) through its import thunk, on each executor.
#![allow(missing_docs)] // criterion's macros make public items

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};
use xenia_exports::registry;
use xenia_formats::image::{Import, ImportLibrary, LoadedImage, import_thunk};
use xenia_guest::GuestAddr;
use xenia_isa::word::NOP;
use xenia_jit::{Jit, JitConfig};
use xenia_kernel::imports::ordinals::xboxkrnl;
use xenia_kernel::ports::Chipset;
use xenia_kernel::{Kernel, KernelConfig, KernelSystem};
use xenia_memory::GuestMemory;
use xenia_sched::{Limits, LockstepExecutor, ParallelExecutor, RunEnd, Scheduler};

const CODE: u32 = 0x8200_0000;
const DATA: u32 = 0x8201_0000;
/// Instructions after which all code is compiled and linked.
const WARM_UP: u64 = 2_000_000;
/// Instructions between two samples of the call count, in lockstep: short, so that many stretches
/// contain no other work of the machine.
const STRETCH: u64 = 100_000;
/// Instructions between two samples in parallel. Starting and ending the host threads of a run must
/// be a small part of it.
const PARALLEL_STRETCH: u64 = 5_000_000;

/// `loop: bl thunk; addi r30, r30, 1; stw r30, 0(r29); b loop`, and the thunk.
fn title(export: &str) -> LoadedImage {
    let row = xboxkrnl::ROWS.iter().find(|row| row.name == export).expect("an export");
    let words = [
        0x3FA0_0000 | DATA >> 16, // lis r29, DATA
        0x3BC0_0000,              // li r30, 0
        0x4800_0019,              // loop: bl thunk
        0x3BDE_0001,              // addi r30, r30, 1
        0x93DD_0000,              // stw r30, 0(r29)
        0x4BFF_FFF4,              // b loop
        NOP,
        NOP,
    ];
    let words = words.into_iter().chain(import_thunk(0));
    let slot = Some(GuestAddr(DATA + 0xF000));
    let import = Import { ordinal: row.ordinal, slot, thunk: Some(GuestAddr(CODE + 32)) };
    let library = ImportLibrary::any("xboxkrnl.exe", vec![import]);
    LoadedImage::in_memory(GuestAddr(CODE), words.flat_map(u32::to_be_bytes).collect(), library)
}

/// The executor that runs the title.
enum Executor {
    Lockstep(LockstepExecutor<KernelSystem>),
    Parallel(ParallelExecutor<KernelSystem>),
}

/// A machine with the title in its loop.
struct KernelFixture {
    memory: Arc<GuestMemory>,
    executor: Executor,
}

impl KernelFixture {
    fn new(export: &str, make: impl FnOnce(Scheduler, Jit, KernelSystem) -> Executor) -> Self {
        let memory = GuestMemory::new().expect("guest memory");
        let config = KernelConfig::default();
        let kernel = Kernel::new(memory.clone(), config, Chipset::default(), Arc::default(), registry());
        let kernel = kernel.expect("a kernel");
        let mut scheduler = Scheduler::default();
        kernel.load_title(&mut scheduler, &title(export)).expect("a title");
        let config = JitConfig { warm_up: 0, ..JitConfig::default() };
        let engine = Jit::new(memory.clone(), config).expect("an engine");
        let mut machine = Self { memory, executor: make(scheduler, engine, KernelSystem::new(kernel)) };
        machine.run(WARM_UP);
        machine
    }

    /// Runs the title; returns the number of calls, and their time.
    fn run(&mut self, instructions: u64) -> (u32, Duration) {
        let calls = |machine: &Self| machine.memory.read::<u32>(GuestAddr(DATA)).expect("data");
        let before = calls(self);
        let executed = match &self.executor {
            Executor::Lockstep(executor) => executor.instructions(),
            Executor::Parallel(executor) => executor.instructions(),
        };
        let limits = Limits { instructions: Some(executed + instructions), ..Limits::default() };
        let start = Instant::now();
        let end = match &mut self.executor {
            Executor::Lockstep(executor) => executor.run(&limits),
            Executor::Parallel(executor) => executor.run(&limits),
        };
        let elapsed = start.elapsed();
        assert_eq!(end, RunEnd::Instructions);
        (calls(self).wrapping_sub(before), elapsed)
    }
}

/// Measures calls in stretches of `stretch` instructions.
fn measure(criterion: &mut Criterion, name: &str, stretch: u64, mut machine: KernelFixture) {
    let least = Cell::new(f64::INFINITY);
    let mut group = criterion.benchmark_group("kernel call");
    group.throughput(Throughput::Elements(1));
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|turns| {
            let mut calls = 0_u64;
            let mut elapsed = Duration::ZERO;
            while calls < turns {
                let (more, took) = machine.run(stretch);
                assert!(more > 1000, "the title is in its loop");
                least.set(least.get().min(took.as_nanos() as f64 / f64::from(more)));
                calls += u64::from(more);
                elapsed += took;
            }
            elapsed.mul_f64(turns as f64 / calls as f64)
        });
    });
    group.finish();
    println!("least, in {stretch} instructions: {:.1} ns a call", least.get());
}

fn benches(criterion: &mut Criterion) {
    let lockstep = KernelFixture::new("VdShutdownEngines", |scheduler, engine, system| {
        Executor::Lockstep(LockstepExecutor::new(scheduler, Box::new(engine), system))
    });
    measure(criterion, "empty export, in lockstep", STRETCH, lockstep);
    let parallel = KernelFixture::new("VdShutdownEngines", |scheduler, engine, system| {
        let executor = ParallelExecutor::new(scheduler, Box::new(engine), system);
        Executor::Parallel(executor.expect("engines that fork"))
    });
    measure(criterion, "empty export, in parallel", PARALLEL_STRETCH, parallel);
}

criterion_group!(kernel_call, benches);
criterion_main!(kernel_call);
