//! Host faults in the guest view: device accesses by real instructions, refused accesses by hooks,
//! several spaces.

use crate::common::{RW, accesses, commit, host_load, host_store, space, version};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::*};
use std::thread;
use xenia_guest::GuestAddr;
use xenia_host::executable::ExecutableMemory;
use xenia_host::instruction_cache;
use xenia_memory::{
    Action, DeviceQueue, FaultHook, FaultKind, GuestMemory, HostFault, MmioDevice, Protect, Watch,
    register_code_hook,
};

#[test]
fn host_instructions_reach_devices() {
    let memory = space();
    let mut queue = DeviceQueue::new();
    let queue = queue.make_current();
    memory.device_registers(MmioDevice::Gpu).store(0x1951, 0x0102_0304);
    assert_eq!(host_load(&memory, 0x7FC8_6544), 0x0102_0304);
    host_store(&memory, 0x7FC8_0714, 0xAABB_CCDD);
    assert_eq!(host_load(&memory, 0x7FC8_0714), 0xAABB_CCDD, "the thread's own store");
    assert_eq!(memory.device_registers(MmioDevice::Gpu).load(0x1C5), 0, "not before the visit's end");
    host_store(&memory, 0x7FEA_1940, 1);
    let base = memory.guest_base();
    // SAFETY: device registers, emulated by the handler.
    let (byte, half, double, pair, vector) = unsafe {
        let loaded = (
            accesses::load_u8(base, 0x7FC8_6545),
            accesses::load_u16(base, 0x7FC8_6546),
            accesses::load_u64(base, 0x7FC8_6544),
            accesses::load_swapped_u64(base, 0x7FC8_6540),
            accesses::load_vector(base, 0x7FC8_6544),
        );
        accesses::store_u16(base, 0x7FC8_0002, 0x3412);
        accesses::store_u8(base, 0x7FC8_0001, 0x99);
        loaded
    };
    assert_eq!((byte, half), (2, 0x0403));
    assert_eq!((double, pair), (0x0403_0201, 0x0102_0304));
    assert_eq!(vector, [1, 2, 3, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let stores: Vec<_> = queue.stores().iter().map(|s| (s.register().unwrap(), s.value)).collect();
    assert_eq!(
        stores,
        [
            ((MmioDevice::Gpu, 0x1C5), 0xAABB_CCDD),
            ((MmioDevice::Xma, 0x650), 1),
            ((MmioDevice::Gpu, 0), 0x0000_1234),
            ((MmioDevice::Gpu, 0), 0x0099_1234),
        ]
    );
}

/// Generated code, as a JIT would emit it.
struct Code(ExecutableMemory);

impl Code {
    const LEN: usize = 4096;
    /// Places of the functions.
    const LOAD: usize = 0;
    const STORE: usize = 16;
    const LANDING: usize = 32;
    const UPDATE: usize = 48;

    fn new() -> Self {
        let memory = ExecutableMemory::new(c"test", Self::LEN).unwrap();
        for (offset, code) in [
            (Self::LOAD, accesses::LOAD),
            (Self::STORE, accesses::STORE),
            (Self::LANDING, accesses::LANDING),
            (Self::UPDATE, accesses::UPDATE),
        ] {
            let at = memory.write_base().wrapping_add(offset);
            let run = memory.execute_base() + offset as u64;
            // SAFETY: inside the memory, from which nothing runs yet.
            unsafe {
                at.copy_from_nonoverlapping(code.as_ptr(), code.len());
                instruction_cache::synchronize(at, run, code.len());
            }
        }
        xenia_host::barrier::serialize_all_threads();
        Self(memory)
    }

    fn address(&self) -> usize {
        self.0.execute_base() as usize
    }

    fn range(&self) -> Range<usize> {
        self.address()..self.address() + Self::LEN
    }

    fn call(&self, entry: usize, memory: &GuestMemory, addr: u32, value: u32) -> u32 {
        // SAFETY: the bytes at the entry are a function of this signature.
        unsafe { accesses::call(self.address() + entry, memory.guest_base(), addr, value) }
    }
}

#[derive(Default)]
struct Seen {
    landing: u64,
    rip: AtomicU64,
    addr: AtomicU32,
    what: AtomicU32,
    count: AtomicU32,
}

struct Hook(Arc<Seen>);

impl FaultHook for Hook {
    fn on_fault(&self, fault: &mut HostFault) -> Action {
        self.0.rip.store(fault.pc, Relaxed);
        self.0.addr.store(fault.guest_addr.map_or(0, |a| a.0), Relaxed);
        self.0.what.store((fault.access as u32) << 8 | fault.kind as u32, Relaxed);
        self.0.count.fetch_add(1, Relaxed);
        Action::Resume(self.0.landing)
    }
}

#[test]
fn a_refused_access_of_compiled_code_reaches_its_hook_with_pc_and_address() {
    let memory = space();
    let code = Code::new();
    let seen = Arc::new(Seen { landing: code.address() as u64 + Code::LANDING as u64, ..Seen::default() });
    let hook = register_code_hook(code.range(), Box::new(Hook(seen.clone()))).unwrap();
    commit(&memory, 0x1_0000, 0x1000, RW);
    commit(&memory, 0x2_0000, 0x1000, Protect::READ_ONLY);
    commit(&memory, 0x3_0000, 0x1000, Protect::NO_ACCESS);
    code.call(Code::STORE, &memory, 0x1_0010, 0x1234_5678);
    assert_eq!(code.call(Code::LOAD, &memory, 0x1_0010, 0), 0x1234_5678);
    assert_eq!(seen.count.load(Relaxed), 0);
    let cases = [
        (Code::LOAD, 0x5_0000, 0x5_0000, FaultKind::Unmapped),
        (Code::STORE, 0x5_0004, 0x5_0004, FaultKind::Unmapped),
        (Code::LOAD, 0, 0, FaultKind::Unmapped),
        (Code::LOAD, 0x7F00_0000, 0x7F00_0000, FaultKind::Unmapped),
        (Code::LOAD, 0xFFFF_FFFC, 0xFFFF_FFFC, FaultKind::Unmapped),
        // Beyond the top, in the guard: the address wraps.
        (Code::LOAD, 0xFFFF_FFFE, 0xFFFF_FFFE, FaultKind::Unmapped),
        // Across the end of a page: the first refused byte.
        (Code::LOAD, 0x1_0FFE, 0x1_1000, FaultKind::Unmapped),
        (Code::STORE, 0x2_0008, 0x2_0008, FaultKind::WriteProtected),
        (Code::LOAD, 0x3_0000, 0x3_0000, FaultKind::ReadProtected),
    ];
    for (n, (entry, addr, expected, kind)) in cases.into_iter().enumerate() {
        assert_eq!(code.call(entry, &memory, addr, 1), u32::MAX, "{addr:#x}");
        assert_eq!(seen.count.load(Relaxed), n as u32 + 1);
        assert_eq!(seen.addr.load(Relaxed), expected, "{addr:#x}");
        assert_eq!(seen.rip.load(Relaxed), (code.address() + entry) as u64);
        assert_eq!(seen.what.load(Relaxed), u32::from(entry == Code::STORE) << 8 | kind as u32, "{addr:#x}");
    }
    // Faults on watched pages and devices do not reach the hook.
    let before = version(&memory, 0x1_0000);
    assert_eq!(memory.watch(GuestAddr(0x1_0000), 4), Ok(Watch::Protected));
    code.call(Code::STORE, &memory, 0x1_0000, 5);
    assert_ne!(version(&memory, 0x1_0000), before);
    let mut queue = DeviceQueue::new();
    let queue = queue.make_current();
    code.call(Code::STORE, &memory, 0x7FC8_0714, 0x0100_0000);
    assert_eq!(queue.stores()[0].value, 1);
    assert_eq!(seen.count.load(Relaxed), cases.len() as u32);
    drop(hook);
}

/// Also where the processor finds that the load of a read-modify-write is refused.
#[test]
fn an_atomic_update_is_refused_as_a_store() {
    let memory = space();
    let code = Code::new();
    let seen = Arc::new(Seen { landing: code.address() as u64 + Code::LANDING as u64, ..Seen::default() });
    let _hook = register_code_hook(code.range(), Box::new(Hook(seen.clone()))).unwrap();
    commit(&memory, 0x1_0000, 0x1000, RW);
    commit(&memory, 0x2_0000, 0x1000, Protect::READ_ONLY);
    commit(&memory, 0x3_0000, 0x1000, Protect::NO_ACCESS);
    assert_eq!(code.call(Code::UPDATE, &memory, 0x1_0000, 7), 0);
    assert_eq!(code.call(Code::LOAD, &memory, 0x1_0000, 0), 7);
    for (addr, kind) in [
        (0x2_0000, FaultKind::WriteProtected),
        (0x3_0000, FaultKind::ReadProtected),
        (0x5_0000, FaultKind::Unmapped),
    ] {
        assert_eq!(code.call(Code::UPDATE, &memory, addr, 7), u32::MAX, "{addr:#x}");
        assert_eq!(seen.what.load(Relaxed), 1 << 8 | kind as u32, "{addr:#x}");
    }
}

#[test]
fn an_access_of_a_device_site_reaches_its_hook() {
    let memory = space();
    let code = Code::new();
    let seen = Arc::new(Seen { landing: code.address() as u64 + Code::LANDING as u64, ..Seen::default() });
    let _hook = register_code_hook(code.range(), Box::new(Hook(seen.clone()))).unwrap();
    let mut queue = DeviceQueue::new();
    let mut queue = queue.make_current();
    memory.device_registers(MmioDevice::Gpu).store(0x1C5, 7);
    let load = || code.call(Code::LOAD, &memory, 0x7FC8_0714, 0);
    for _ in 0..40 {
        assert_eq!(load(), 7_u32.swap_bytes());
    }
    memory.refuse_device_sites();
    for _ in 0..16 {
        assert_eq!(load(), 7_u32.swap_bytes());
    }
    assert_eq!((seen.count.load(Relaxed), queue.take_device_site()), (0, None));
    assert_eq!(load(), u32::MAX);
    assert_eq!(seen.what.load(Relaxed), FaultKind::DeviceSite as u32);
    assert_eq!(queue.take_device_site(), Some(seen.rip.load(Relaxed)));
    assert_eq!(memory.counters().device_faults, 57);
}

#[test]
fn the_closure_hook_can_repair_and_retry() {
    let memory = space();
    let code = Code::new();
    commit(&memory, 0x1_0000, 0x1000, RW);
    memory.write(GuestAddr(0x1_0000), 0x0102_0304_u32).unwrap();
    let good = memory.guest_base() as u64 + 0x1_0000;
    let _hook = register_code_hook(
        code.range(),
        Box::new(move |fault: &mut HostFault| {
            // Their sum is the address; send it to a mapped place.
            fault.registers[accesses::FIRST_ARGUMENT] = good;
            fault.registers[accesses::SECOND_ARGUMENT] = 0;
            Action::Retry
        }),
    )
    .unwrap();
    assert_eq!(code.call(Code::LOAD, &memory, 0x9_0000, 0), 0x0403_0201);
}

#[test]
fn two_address_spaces_in_one_process() {
    let spaces = [space(), space()];
    thread::scope(|scope| {
        for (n, memory) in spaces.iter().enumerate() {
            scope.spawn(move || {
                let n = n as u32;
                let mut queue = DeviceQueue::new();
                let queue = queue.make_current();
                commit(memory, 0x8200_0000, 0x1_0000, RW);
                memory.device_registers(MmioDevice::Gpu).store(1, n);
                for round in 0..2_000_u32 {
                    let before = version(memory, 0x8200_0000);
                    assert_eq!(memory.watch(GuestAddr(0x8200_0000), 4), Ok(Watch::Protected));
                    host_store(memory, 0x9200_0000, round << 1 | n);
                    assert_eq!(version(memory, 0x8200_0000), before + 1);
                    assert_eq!(host_load(memory, 0x8200_0000), round << 1 | n);
                    assert_eq!(host_load(memory, 0x7FC8_0004), n);
                }
                assert_eq!(memory.counters().watch_faults, 2_000);
                drop(queue);
            });
        }
    });
    let [a, b] = spaces;
    assert_eq!(a.compare(&b), Some(GuestAddr(0x8200_0003)));
    drop(a);
    // The other space still works.
    assert_eq!(b.watch(GuestAddr(0x8200_0000), 4), Ok(Watch::Protected));
    host_store(&b, 0x8200_0000, 1);
    assert_eq!(b.counters().watch_faults, 2_001);
}

#[test]
fn address_spaces_are_created_and_dropped_repeatedly() {
    for round in 0..300_u32 {
        let memory = space();
        commit(&memory, 0x1_0000, 0x1000, RW);
        let _ = memory.watch(GuestAddr(0x1_0000), 4).unwrap();
        host_store(&memory, 0x1_0000, round);
        assert_eq!(memory.counters().watch_faults, 1);
    }
}

/// A fault that no hook claims ends the process, as without the handler.
#[test]
#[cfg(target_os = "linux")]
fn an_unclaimed_fault_ends_the_process() {
    let memory = space();
    let at = memory.guest_base().wrapping_add(0x5_0000);
    // SAFETY: the child makes one load and, if it should survive that, exits at once.
    let status = unsafe {
        let child = libc::fork();
        assert!(child >= 0);
        if child == 0 {
            accesses::load_of_known_length(at as usize);
            libc::_exit(0);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        status
    };
    assert!(libc::WIFSIGNALED(status));
    assert_eq!(libc::WTERMSIG(status), libc::SIGSEGV);
}
