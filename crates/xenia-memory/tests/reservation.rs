//! Reservations between threads and against writes.

use crate::common::{RW, commit, space};
use std::thread;
use xenia_guest::GuestAddr;
use xenia_memory::{DeviceQueue, HOLDERS};

/// Eight threads (two pairs share a hardware thread) increment one counter by load-reserve and
/// store-conditional.
#[test]
fn concurrent_lwarx_stwcx_serializes() {
    const THREADS: u32 = 8;
    const ROUNDS: u32 = 1_000;
    const AT: u32 = 0x1_0040;
    let memory = space();
    commit(&memory, 0x1_0000, 0x1000, RW);
    let attempts: Vec<u32> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|n| {
                let memory = &memory;
                let hw = n as u8 % HOLDERS;
                scope.spawn(move || {
                    let table = memory.reservations();
                    let mut dev = DeviceQueue::new();
                    let mut attempts = 0;
                    for _ in 0..ROUNDS {
                        loop {
                            attempts += 1;
                            let generation = table.reserve(GuestAddr(AT), hw);
                            let old = memory.load_u32(AT, &mut dev).unwrap();
                            if attempts % 16 == 0 {
                                thread::yield_now();
                            }
                            let held = Some((GuestAddr(AT), generation));
                            let exchange = || memory.compare_exchange_u32(AT, old, old + 1).unwrap();
                            if table.commit(held, hw, exchange) == Some(true) {
                                break;
                            }
                        }
                    }
                    attempts
                })
            })
            .collect();
        threads.into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert_eq!(memory.read::<u32>(GuestAddr(AT)), Ok(THREADS * ROUNDS));
    assert!(attempts.iter().all(|&a| a >= ROUNDS));
    assert!(!memory.reservations().has_active_reservers(), "every reservation was committed or ended");
}

#[test]
fn writes_by_hle_end_reservations_of_every_line_they_touch() {
    let memory = space();
    commit(&memory, 0x1_0000, 0x1000, RW);
    let table = memory.reservations();
    table.set_used();
    let at = GuestAddr(0x1_0080);
    let check = |what: &str, write: &dyn Fn(), ends: bool| {
        let generation = table.reserve(at, 1);
        write();
        assert_eq!(table.commit(Some((at, generation)), 1, || ()).is_some(), !ends, "{what}");
    };
    check("same line", &|| memory.write(GuestAddr(0x1_00FF), 1_u8).unwrap(), true);
    check("next line", &|| memory.write(GuestAddr(0x1_0100), 1_u8).unwrap(), false);
    check("across", &|| memory.write(GuestAddr(0x1_007C), 1_u64).unwrap(), true);
    check("bytes", &|| memory.write_bytes(GuestAddr(0x1_0000), &[1; 0x200]).unwrap(), true);
    check("fill", &|| memory.fill(GuestAddr(0x1_0000), 0x80, 1).unwrap(), false);
    check("atomic", &|| assert!(memory.atomic_u32(at, |v| Some(v + 1)).unwrap().is_ok()), true);
}
