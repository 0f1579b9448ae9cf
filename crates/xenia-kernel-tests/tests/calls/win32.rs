//! Tests of `xam`'s Win32 functions: last errors, threads, waits in milliseconds.

use super::*;
use xenia_guest::layout::kthread;

const INFINITE: u64 = 0xFFFF_FFFF;
const INVALID_HANDLE: u64 = 6;
const ALL_ONES: u64 = 0xFFFF_FFFF;

/// Returns the kernel call that `name` makes and its continuation: the call, its arguments and its
/// local words.
fn asked(
    b: &mut Harness,
    name: &str,
    arguments: &[u64],
) -> (xenia_kernel::abi::GuestCall, Vec<u64>, Vec<u32>) {
    let Flow::CallGuest(guest) = b.call(Library::xam, name, arguments) else { panic!("{name}: no call") };
    let args = guest.args.clone();
    let locals = guest.locals.clone();
    (guest, args, locals)
}

fn function(b: &Harness, name: &str) -> GuestAddr {
    let export = registry().find_by_name(Library::xboxkrnl, name).unwrap();
    b.kernel.imports.stub_of(b.memory(), export).unwrap()
}

/// Continues the call after the kernel's call has returned this status.
fn follows(b: &mut Harness, guest: xenia_kernel::abi::GuestCall, status: u64) -> Flow {
    b.resume(guest.then, status)
}

fn returned(flow: Flow) -> u64 {
    let Flow::Return(value) = flow else { panic!("{flow:?}") };
    value
}

#[test]
fn a_thread_has_a_last_error() {
    let mut b = Harness::new();
    for name in ["RtlSetLastError", "SetLastError"] {
        b.xam_call(name, &[0x1234]);
        assert_eq!(b.xam_call("GetLastError", &[]), 0x1234, "{name}");
        b.xam_call(name, &[7]);
        assert_eq!(b.xam_call("RtlGetLastError", &[]), 7, "{name}");
    }
    assert_eq!(b.xam_call("RtlSetLastNTError", &[0xC000_0008]), INVALID_HANDLE);
    assert_eq!(b.xam_call("GetLastError", &[]), INVALID_HANDLE);
    let first = b.thread;
    let other = b.add_thread();
    b.act_as(other);
    assert_eq!(b.xam_call("GetLastError", &[]), 0, "each has its own");
    b.act_as(first);
    assert_eq!(b.xam_call("CloseHandle", &[8]), 0);
    assert_eq!(b.xam_call("ResumeThread", &[8]), ALL_ONES);
    let name = b.put_text(0x100, "nothing.xex");
    assert_eq!(b.xam_call("GetModuleHandleA", &[name]), 0);
    assert_eq!(b.xam_call("GetLastError", &[]), 126, "no such module");
    let name = b.put_text(0x100, "xam.xex");
    assert_ne!(b.xam_call("GetModuleHandleA", &[name]), 0);
}

#[test]
fn threads_are_made_by_the_kernels_function() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    let arguments = [0, 0x4_0000, 0x8200_1000, 0x55, 4, base];
    let (guest, args, locals) = asked(&mut b, "CreateThread", &arguments);
    assert_eq!((guest.pc, locals), (function(&b, "ExCreateThread"), vec![0]));
    assert_eq!(args[1..], [0x4_0000, base, 0, 0x8200_1000, 0x55, 1]);
    // The kernel stores the handle, and the call returns it.
    b.memory().write(GuestAddr(args[0] as u32), 0x1234_u32).unwrap();
    assert_eq!(returned(follows(&mut b, guest.clone(), 0)), 0x1234);
    assert_eq!(returned(follows(&mut b, guest, 0xFFFF_FFFF_C000_0017)), 0);
    assert_eq!(b.xam_call("GetLastError", &[]), 8, "no memory");
    for (processor, flags) in [(0, 0x0100_0000), (5, 0x2000_0000), (INFINITE, 0)] {
        let arguments = [0, 0, 0x8200_1000, 0, 0, processor, 0];
        let (_, args, _) = asked(&mut b, "XapipCreateThread", &arguments);
        assert_eq!(args[6], flags, "{processor:#x}");
    }
    for processor in [6, 8, 32, 0xFFFF_FFFE] {
        assert_eq!(b.xam_call("XapipCreateThread", &[0, 0, 0x8200_1000, 0, 0, processor, 0]), 0);
        assert_eq!(b.xam_call("GetLastError", &[]), 87, "{processor:#x}");
    }
    let kthread = GuestAddr(b.kthread() as u32);
    let id: u32 = b.memory().read(kthread.offset(kthread::THREAD_ID)).unwrap();
    assert_eq!(b.xam_call("GetCurrentThreadId", &[]), u64::from(id));
    assert_eq!(b.status("ObOpenObjectByPointer", &[u64::from(kthread.0), base]), NtStatus::SUCCESS);
    let handle = u64::from(b.word(0));
    assert_eq!(b.status("NtSuspendThread", &[handle, 0]), NtStatus::SUCCESS);
    assert_eq!(b.xam_call("ResumeThread", &[handle]), 1);
    assert_eq!(b.xam_call("CloseHandle", &[handle]), 1);
    assert_eq!(b.status("NtClose", &[handle]), NtStatus::INVALID_HANDLE);
    assert!(matches!(b.call(Library::xam, "ExitThread", &[9]), Flow::Exit { code: 9 }));
}

#[test]
fn milliseconds_are_the_kernels_intervals() {
    let mut b = Harness::new();
    let base = u64::from(b.scratch.0);
    assert_eq!(b.xam_call("XapiFormatTimeOut", &[base, 3]), base);
    assert_eq!(b.memory().read::<i64>(b.scratch), Ok(-30_000));
    assert_eq!(b.xam_call("XapiFormatTimeOut", &[base, 0xFFFF_FFFE]), base);
    assert_eq!(b.memory().read::<i64>(b.scratch), Ok(-42_949_672_940_000));
    assert_eq!(b.xam_call("XapiFormatTimeOut", &[0, INFINITE]), 0);
    assert!(matches!(b.call(Library::xam, "XapiFormatTimeOut", &[0, 3]), Flow::Fault(_)));
    let before = b.xam_call("GetTickCount", &[]);
    let later = b.scheduler.now() + TICKS_PER_SECOND;
    b.scheduler.set_now(later);
    assert_eq!(b.xam_call("GetTickCount", &[]) - before, 1000);
    for (name, arguments, alertable) in
        [("Sleep", &[3][..], 0), ("SleepEx", &[3, 0], 0), ("SleepEx", &[3, 1], 1), ("RtlSleep", &[3, 1], 1)]
    {
        let (guest, args, locals) = asked(&mut b, name, arguments);
        assert_eq!(guest.pc, function(&b, "KeDelayExecutionThread"), "{name}");
        assert_eq!((args, locals), (vec![1, alertable], vec![0xFFFF_FFFF, 0xFFFF_8AD0]), "{name}");
        for (status, result) in [(0, 0), (0x4000_0024, 0), (0xC0, 0xC0)] {
            assert_eq!(returned(follows(&mut b, guest.clone(), status)), result, "{name}");
        }
        let Flow::CallGuest(again) = follows(&mut b, guest, 0x101) else { panic!("{name}: an alert") };
        assert_eq!(again.locals, [0xFFFF_FFFF, 0xFFFF_8AD0]);
    }
    let (_, _, locals) = asked(&mut b, "Sleep", &[INFINITE]);
    assert_eq!(locals, [0x7FFF_FFFF, 0xFFFF_FFFF], "for ever");
}

#[test]
fn a_wait_is_the_kernels_and_fails_with_a_last_error() {
    let mut b = Harness::new();
    for (name, arguments, args, locals) in [
        ("WaitForSingleObject", &[8, 3][..], vec![8, 1, 0], vec![0xFFFF_FFFF, 0xFFFF_8AD0]),
        ("WaitForSingleObject", &[8, INFINITE], vec![8, 1, 0, 0], vec![]),
        ("WaitForSingleObjectEx", &[8, 0, 1], vec![8, 1, 1], vec![0, 0]),
    ] {
        let (guest, got, words) = asked(&mut b, name, arguments);
        assert_eq!(guest.pc, function(&b, "NtWaitForSingleObjectEx"));
        assert_eq!((got, words), (args, locals), "{name}");
        for status in [0, 0x80, 0xC0, 0x102] {
            assert_eq!(returned(follows(&mut b, guest.clone(), status)), status);
        }
        assert_eq!(returned(follows(&mut b, guest.clone(), 0xFFFF_FFFF_C000_0008)), ALL_ONES);
        assert_eq!(b.xam_call("GetLastError", &[]), INVALID_HANDLE);
        let Flow::CallGuest(again) = follows(&mut b, guest.clone(), 0x101) else { panic!("an alert") };
        assert_eq!((again.pc, again.args, again.locals), (guest.pc, guest.args, guest.locals));
    }
}

#[test]
fn lengths_count_units_and_random_numbers_follow_the_seed() {
    let mut b = Harness::new();
    let text = b.put_text(0x100, "four");
    let wide = b.put_wide_text(0x200, "sieben!");
    assert_eq!([("lstrlenA", text), ("lstrlenW", wide)].map(|(name, at)| b.xam_call(name, &[at])), [4, 7]);
    for name in ["lstrlenA", "lstrlenW"] {
        assert_eq!(b.xam_call(name, &[0]), 0, "{name}");
        assert!(matches!(b.call(Library::xam, name, &[0x10]), Flow::Fault(_)), "{name}");
    }
    let seed = u64::from(b.scratch.0);
    b.memory().write(b.scratch, 0_u32).unwrap();
    assert_eq!((b.xam_call("RtlUniform", &[seed]), b.word(0)), (0x7FFF_FFC3, 0x7FFF_FFC3));
    b.memory().write(b.scratch, 0_u32).unwrap();
    let drawn = b.xam_call("RtlRandom", &[seed]);
    let after = b.word(0);
    b.memory().write(b.scratch, 0_u32).unwrap();
    assert_eq!(b.xam_call("RtlRandom", &[seed]), 0x7FFF_FFC3, "what the first has left in its place");
    assert_eq!((b.word(0), drawn < 0x8000_0000), (after, true));
    for name in ["RtlUniform", "RtlRandom"] {
        assert!(matches!(b.call(Library::xam, name, &[0]), Flow::Fault(_)), "{name}");
    }
}
