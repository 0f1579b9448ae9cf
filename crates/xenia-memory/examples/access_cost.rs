//! Measures the cost of guest accesses and of watches:
//! `cargo run --release -p xenia-memory --example access_cost`.

#[allow(dead_code)] // the example stores only
#[cfg_attr(target_arch = "aarch64", path = "../tests/common/aarch64.rs")]
#[cfg_attr(target_arch = "x86_64", path = "../tests/common/x86_64.rs")]
mod accesses;

use std::hint::black_box;
use xenia_guest::GuestAddr;
use xenia_memory::{
    Action, AllocKind, DeviceQueue, GuestMemory, HostFault, MemoryFault, Protect, register_code_hook,
};

const AT: u32 = 0xA200_0000;
const SIZE: u32 = 0x1_0000;

/// CPU time of this thread, which other load on the host does not distort.
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel fills in the structure.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn measure(what: &str, times: u32, mut f: impl FnMut(u32) -> Result<(), MemoryFault>) {
    let mut best = f64::INFINITY;
    for _ in 0..5 {
        let start = cpu_seconds();
        for i in 0..times {
            f(i).unwrap_or_else(|fault| panic!("{what}: {fault}"));
        }
        best = best.min((cpu_seconds() - start) * 1e9 / f64::from(times));
    }
    println!("{what:<52} {best:9.2} ns");
}

fn host_store(memory: &GuestMemory, addr: u32, value: u32) {
    // SAFETY: a page that the guest may write, or a device.
    unsafe { accesses::store_u32(memory.guest_base(), addr, value) };
}

unsafe extern "C" {
    /// Bounds of the program's code, defined by the linker.
    static __executable_start: u8;
    static etext: u8;
}

fn main() {
    // The program's own code accesses guest memory as compiled code does.
    let range = &raw const __executable_start as usize..&raw const etext as usize;
    let _hook = register_code_hook(range, Box::new(|_: &mut HostFault| Action::NotMine))
        .unwrap_or_else(|e| panic!("{e}"));
    let memory = GuestMemory::new().unwrap_or_else(|e| panic!("{e}"));
    memory
        .alloc_fixed(GuestAddr(AT), SIZE, AllocKind::ReserveCommit, Protect::READ_WRITE)
        .unwrap_or_else(|e| panic!("{e}"));
    let mut queue = DeviceQueue::new();
    let mut dev = queue.make_current();
    const FAST: u32 = 50_000_000;
    const SLOW: u32 = 200_000;
    let place = |i: u32| AT + (i * 4) % SIZE;
    measure("load_u32, engine", FAST, |i| memory.load_u32(place(i), &mut dev).map(|v| _ = black_box(v)));
    measure("load_u32, engine, each address from the last", FAST, {
        let mut last = 0;
        let memory = &memory;
        let dev = &mut *dev;
        move |i| {
            last = memory.load_u32(place(i) + last, dev)?;
            Ok(())
        }
    });
    measure("store_u32, engine", FAST, |i| memory.store_u32(place(i), i, &mut dev));
    measure("load_u128, engine", FAST, |i| {
        memory.load_u128(place(i) & !15, &mut dev).map(|v| _ = black_box(v))
    });
    memory.fill(GuestAddr(AT), SIZE, 0).unwrap_or_else(|e| panic!("{e}"));
    measure("load_u32 across two pages, engine", FAST / 10, |_| {
        memory.load_u32(black_box(AT + 0xFFE), &mut dev).map(|v| _ = black_box(v))
    });
    measure("read::<u32>, HLE", FAST, |i| memory.read::<u32>(GuestAddr(place(i))).map(|v| _ = black_box(v)));
    measure("write::<u32>, HLE", FAST, |i| memory.write(GuestAddr(place(i)), i));
    measure("write_bytes of 4 KiB, HLE", SLOW, |_| memory.write_bytes(GuestAddr(AT), &[1; 4096]));
    measure("host store in the guest view", FAST, |i| {
        host_store(&memory, place(i), i);
        Ok(())
    });
    measure("watch (three views), fault, bump, resume", SLOW, |_| {
        let _ = memory.watch(GuestAddr(AT), 4)?;
        host_store(&memory, AT, 1);
        Ok(())
    });
    measure("watch (three views), engine store, bump", SLOW, |_| {
        let _ = memory.watch(GuestAddr(AT), 4)?;
        memory.store_u32(AT, 1, &mut dev)
    });
    measure("watch of a watched page", SLOW, |_| memory.watch(GuestAddr(AT), 4).map(|w| _ = black_box(w)));
    measure("device store, engine", SLOW, |_| memory.store_u32(0x7FC8_0714, 1, &mut dev));
    dev.clear();
    measure("device store, emulated host store", SLOW / 2, |_| {
        host_store(&memory, 0x7FC8_0714, 1);
        Ok(())
    });
    drop(dev);
    let virtual_page = 0x1_0000;
    memory
        .alloc_fixed(GuestAddr(virtual_page), 0x1000, AllocKind::ReserveCommit, Protect::READ_WRITE)
        .unwrap_or_else(|e| panic!("{e}"));
    measure("watch (one view), fault, bump, resume", SLOW, |_| {
        let _ = memory.watch(GuestAddr(virtual_page), 4)?;
        host_store(&memory, virtual_page, 1);
        Ok(())
    });
    measure("a new address space, and its end", 20, |_| {
        drop(black_box(GuestMemory::new()));
        Ok(())
    });
    measure("the same with its guest view opened", 20, |_| {
        black_box(GuestMemory::new().map(|memory| memory.guest_base() as usize)).ok();
        Ok(())
    });
    let start = cpu_seconds();
    let mut sum = 0_u64;
    memory.for_each_committed_page(|_, page| sum += u64::from(page[0]));
    println!("{:<52} {:9.2} ms", "all committed pages (sum of first bytes)", (cpu_seconds() - start) * 1e3);
    black_box(sum);
}
