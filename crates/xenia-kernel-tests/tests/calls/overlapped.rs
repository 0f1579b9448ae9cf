//! Tests of asynchronous calls: the contents of their structures over time, and waits for them.

use super::*;
use xenia_kernel::abi::Handle;
use xenia_kernel::user::overlapped::DELAY;
use xenia_limits::Limit;

const SUCCESS: u64 = 0;
const INCOMPLETE: u64 = 0x3E4;
const PENDING: u32 = 0x3E5;
const NOT_CONNECTED: u32 = 0x48F;
/// No device has this number: the call fails in both words.
const NO_DEVICE: u64 = 9;
/// Offsets in the scratch memory of two structures, an event, and a length.
const OVERLAPPED: u32 = 0x100;
const OTHER: u32 = 0x140;
const EVENT: u32 = 0x200;
const LENGTH: u32 = 0x210;

fn at(b: &Harness, offset: u32) -> u64 {
    u64::from(b.scratch.offset(offset).0)
}

fn fields(b: &Harness, structure: u32) -> [u32; 3] {
    [0, 4, 0x18].map(|field| b.word(structure + field))
}

/// Stores a structure with this event and routine, and garbage in the other words.
fn put(b: &Harness, structure: u32, event: u32, routine: u32) {
    for (index, word) in [7, 7, 7, event, routine, 7, 7].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(structure + 4 * index as u32), word).unwrap();
    }
}

/// Creates a signalled event; returns its handle.
fn event(b: &mut Harness) -> u32 {
    assert_eq!(b.status("NtCreateEvent", &[at(b, EVENT), 0, 0, 1]), NtStatus::SUCCESS);
    b.word(EVENT)
}

fn is_signalled(b: &mut Harness, event: u32) -> bool {
    assert_eq!(b.status("NtQueryEvent", &[u64::from(event), at(b, EVENT)]), NtStatus::SUCCESS);
    b.word(EVENT + 4) == 1
}

fn pass(b: &mut Harness, ticks: u64) {
    let later = b.scheduler.now() + ticks;
    b.scheduler.set_now(later);
    KernelSystem::new(b.kernel.clone()).advance(&mut b.scheduler);
}

/// Makes an asynchronous call that fails.
fn ask(b: &mut Harness, structure: u32) {
    let arguments = [NO_DEVICE, at(b, structure)];
    assert_eq!(b.xam_call("XamContentGetDeviceState", &arguments), u64::from(PENDING));
}

/// Calls a function of `xam` for another thread, which waits if the function does.
fn carry_out_as(b: &mut Harness, thread: ThreadRef, name: &str, arguments: &[u64]) -> Option<u64> {
    let own = b.act_as(thread);
    let flow = b.call(Library::xam, name, arguments);
    let kernel = b.kernel.clone();
    b.act(thread, |cpu, running| kernel.apply(&mut Call::new(&kernel, cpu, running), flow));
    b.act_as(own);
    b.answer(thread)
}

fn user_apcs(b: &mut Harness) -> Vec<[u64; 3]> {
    let id = b.with_call(|call| call.thread_id());
    let threads = b.kernel.threads.lock();
    threads.get(id).unwrap().apcs.user.iter().map(|apc| apc.args).collect()
}

#[test]
fn overlapped_call_completes_only_after_its_delay() {
    let mut b = Harness::new();
    let event = event(&mut b);
    put(&b, OVERLAPPED, event, 0x8200_1000);
    ask(&mut b, OVERLAPPED);
    assert_eq!((fields(&b, OVERLAPPED), is_signalled(&mut b, event)), ([PENDING, 7, 7], false));
    let overlapped = at(&b, OVERLAPPED);
    assert_eq!(b.xam_call("XamGetOverlappedResult", &[overlapped, 0, 0]), INCOMPLETE);
    pass(&mut b, DELAY - 1);
    assert_eq!((fields(&b, OVERLAPPED), user_apcs(&mut b)), ([PENDING, 7, 7], vec![]));
    pass(&mut b, 1);
    assert_eq!(fields(&b, OVERLAPPED), [NOT_CONNECTED, 0, 0x8007_048F]);
    assert!(is_signalled(&mut b, event));
    assert_eq!(user_apcs(&mut b), [[u64::from(NOT_CONNECTED), 0, overlapped]]);
    assert_eq!(
        b.xam_call("XamGetOverlappedResult", &[overlapped, at(&b, LENGTH), 0]),
        u64::from(NOT_CONNECTED)
    );
    assert_eq!((b.kernel.requests.next_due(), b.word(LENGTH)), (None, 0));
}

#[test]
fn a_result_is_stored_after_the_extended_error() {
    let mut b = Harness::new();
    let memory = b.kernel.memory.clone();
    let pages = memory.alloc(Heap::Virtual4K, 0x2000, 0x1_0000, Protect::READ_WRITE).unwrap();
    // The extended error is in a page of its own, which is gone when the call ends.
    let structure = pages.offset(0x1000 - 0x18);
    let arguments = [NO_DEVICE, u64::from(structure.0)];
    assert_eq!(b.xam_call("XamContentGetDeviceState", &arguments), u64::from(PENDING));
    memory.decommit(pages.offset(0x1000), 0x1000).unwrap();
    b.end_background_calls();
    assert_eq!(memory.read::<u32>(structure).unwrap(), PENDING);
}

#[test]
fn overlapped_structure_names_the_calling_thread() {
    let mut b = Harness::new();
    put(&b, OVERLAPPED, 0, 0);
    ask(&mut b, OVERLAPPED);
    assert_eq!(
        b.word(OVERLAPPED + 8),
        Handle::CURRENT_THREAD.0,
        "no handle to the thread exists, so its pseudo handle stands there"
    );
    let thread = GuestAddr(b.kthread() as u32);
    let handle = b.kernel.objects.open(thread).unwrap();
    ask(&mut b, OVERLAPPED);
    assert_eq!(b.word(OVERLAPPED + 8), handle.0);
}

#[test]
fn freed_structures_and_closed_events_spare_other_calls() {
    let mut b = Harness::new();
    // The call is refused before it writes to the structure.
    put(&b, OVERLAPPED, 0x1234, 0);
    assert_ne!(b.xam_call("XamContentGetDeviceState", &[1, at(&b, OVERLAPPED)]), SUCCESS);
    assert_eq!((fields(&b, OVERLAPPED), b.kernel.requests.next_due()), ([7; 3], None));
    // One structure whose memory is freed, one whose event is closed, and one that stays.
    let memory = b.kernel.memory.clone();
    let gone = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
    assert_eq!(b.xam_call("XamContentGetDeviceState", &[1, u64::from(gone.0)]), u64::from(PENDING));
    let closed = event(&mut b);
    put(&b, OVERLAPPED, closed, 0x8200_1000);
    ask(&mut b, OVERLAPPED);
    let stays = event(&mut b);
    put(&b, OTHER, stays, 0);
    ask(&mut b, OTHER);
    assert_eq!(b.status("NtClose", &[u64::from(closed)]), NtStatus::SUCCESS);
    memory.free(gone).unwrap();
    b.end_background_calls();
    assert_eq!(fields(&b, OVERLAPPED), [NOT_CONNECTED, 0, 0x8007_048F]);
    assert_eq!(user_apcs(&mut b).len(), 1);
    assert_eq!(fields(&b, OTHER), [NOT_CONNECTED, 0, 0x8007_048F]);
    assert!(is_signalled(&mut b, stays));
}

#[test]
fn a_call_outlasts_its_thread() {
    let mut b = Harness::new();
    let event = event(&mut b);
    let thread = b.add_thread();
    put(&b, OVERLAPPED, event, 0x8200_1000);
    let arguments = [NO_DEVICE, at(&b, OVERLAPPED)];
    let pending = carry_out_as(&mut b, thread, "XamContentGetDeviceState", &arguments);
    assert_eq!(pending, Some(u64::from(PENDING)));
    let kernel = b.kernel.clone();
    b.act(thread, |cpu, running| {
        kernel.end_thread(cpu, running.id, 0).unwrap();
        Disposition::Continue
    });
    b.end_background_calls();
    assert_eq!(fields(&b, OVERLAPPED), [NOT_CONNECTED, 0, 0x8007_048F]);
    assert!(is_signalled(&mut b, event) && user_apcs(&mut b).is_empty());
}

#[test]
fn a_routine_runs_on_the_thread_that_made_the_request() {
    let mut b = Harness::new();
    let requester = b.add_thread();
    put(&b, OVERLAPPED, 0, 0x8200_1000);
    let worker = b.act_as(requester);
    let thread = GuestAddr(b.kthread() as u32);
    let handle = b.kernel.objects.open(thread).unwrap();
    b.act_as(worker);
    b.memory().write(b.scratch.offset(OVERLAPPED + 8), handle.0).unwrap();
    let overlapped = at(&b, OVERLAPPED);
    assert_eq!(b.xam_call("XMsgCompleteIORequest", &[overlapped, 5, 0x8007_0005, 9]), SUCCESS);
    assert!(user_apcs(&mut b).is_empty());
    b.act_as(requester);
    assert_eq!(user_apcs(&mut b), [[5, 9, overlapped]]);
}

#[test]
fn completing_an_own_request_frees_its_block_and_its_use_of_the_event() {
    let mut b = Harness::new();
    let event = event(&mut b);
    let body = b.kernel.objects.resolve(Handle(event)).unwrap().body();
    assert_eq!(b.xam_call("XamAlloc", &[0, 0x1C, at(&b, LENGTH)]), SUCCESS);
    let block = b.word(LENGTH);
    put(&b, OVERLAPPED, event, 0);
    b.memory().write(b.scratch.offset(OVERLAPPED + 8), block).unwrap();
    let place = u64::from(block + 0x10);
    assert_eq!(b.status("ObReferenceObjectByHandle", &[u64::from(event), 0, place]), NtStatus::SUCCESS);
    let overlapped = at(&b, OVERLAPPED);
    assert_eq!(b.xam_call("XMsgCompleteIORequest", &[overlapped, 0, 0, 1]), SUCCESS);
    assert_ne!(b.xam_call("XamFree", &[u64::from(block)]), SUCCESS, "the block is free already");
    assert_eq!(b.status("NtClose", &[u64::from(event)]), NtStatus::SUCCESS);
    assert!(b.kernel.objects.by_pointer(body).is_none(), "the block's use of the event is over");
}

/// Completes a request of a title, with an event and a block.
fn complete_own(b: &mut Harness, event: u32, block: u32) -> u64 {
    put(b, OVERLAPPED, event, 0);
    b.memory().write(b.scratch.offset(OVERLAPPED + 8), block).unwrap();
    let overlapped = at(b, OVERLAPPED);
    b.xam_call("XMsgCompleteIORequest", &[overlapped, 0, 0, 1])
}

#[test]
fn a_block_is_freed_although_the_event_is_closed() {
    let mut b = Harness::new();
    let event = event(&mut b);
    assert_eq!(b.status("NtClose", &[u64::from(event)]), NtStatus::SUCCESS);
    let block = b.kernel.pool.allocate_for_title(0x1C).unwrap();
    assert_ne!(complete_own(&mut b, event, block.0), SUCCESS);
    assert_eq!((fields(&b, OVERLAPPED), b.kernel.pool.lock().size_of(block)), ([0, 1, 0], None));
}

#[test]
fn completing_an_own_request_frees_no_other_memory() {
    let mut b = Harness::new();
    let kernels = b.kernel.pool.allocate(0x20).unwrap();
    let short = b.kernel.pool.allocate_for_title(0x10).unwrap();
    for (block, size) in [(kernels, 0x20), (short, 0x10)] {
        assert_eq!(complete_own(&mut b, 0, block.0), SUCCESS);
        assert_eq!(b.kernel.pool.lock().size_of(block), Some(size));
    }
}

#[test]
fn overlapped_waiters_receive_the_result() {
    let mut b = Harness::new();
    let first = b.add_thread();
    let second = b.add_thread();
    let third = b.add_thread();
    put(&b, OVERLAPPED, 0, 0);
    put(&b, OTHER, 0, 0);
    b.memory().write(b.scratch.offset(OTHER), PENDING).unwrap();
    ask(&mut b, OVERLAPPED);
    let overlapped = at(&b, OVERLAPPED);
    let other = at(&b, OTHER);
    let one = at(&b, LENGTH);
    let two = at(&b, LENGTH + 4);
    b.memory().write(b.scratch.offset(LENGTH), 99_u32).unwrap();
    assert_eq!(carry_out_as(&mut b, first, "XamGetOverlappedResult", &[overlapped, one, 1]), None);
    assert_eq!(carry_out_as(&mut b, second, "XamGetOverlappedResult", &[other, two, 1]), None);
    assert_eq!(carry_out_as(&mut b, third, "XMsgCancelIORequest", &[overlapped, 1]), None);
    assert_eq!(b.xam_call("XMsgCancelIORequest", &[overlapped, 0]), SUCCESS);
    let mut lines = Vec::new();
    b.kernel.requests.describe(&mut |line| lines.push(line.to_owned()));
    assert_eq!(lines.len(), 4, "{lines:?}");
    b.end_background_calls();
    assert_eq!((b.answer(first), b.word(LENGTH)), (Some(u64::from(NOT_CONNECTED)), 0));
    assert_eq!((b.answer(second), b.answer(third)), (None, Some(SUCCESS)));
    // A caller that carries a request out itself completes it in this way.
    assert_eq!(b.xam_call("XMsgCompleteIORequest", &[other, 5, 0x8007_0005, 9]), SUCCESS);
    assert_eq!((b.answer(second), b.word(LENGTH + 4)), (Some(5), 9));
    let mut left = 0;
    b.kernel.requests.describe(&mut |_| left += 1);
    assert_eq!(left, 0);
    assert_eq!(
        carry_out_as(&mut b, first, "XMsgCancelIORequest", &[overlapped, 1]),
        Some(SUCCESS),
        "a request that is complete returns at once"
    );
}

#[test]
fn a_request_has_an_extended_error_when_it_is_complete() {
    let mut b = Harness::new();
    let overlapped = at(&b, OVERLAPPED);
    put(&b, OVERLAPPED, 0, 0);
    ask(&mut b, OVERLAPPED);
    assert_eq!(b.xam_call("XGetOverlappedExtendedError", &[overlapped]), INCOMPLETE);
    b.end_background_calls();
    assert_eq!(b.xam_call("XGetOverlappedExtendedError", &[overlapped]), 0x8007_048F);
    b.xam_call("SetLastError", &[0x1234]);
    assert_eq!(b.xam_call("XGetOverlappedExtendedError", &[0]), 0x1234);
}

#[test]
fn freed_structure_still_wakes_its_waiter() {
    let mut b = Harness::new();
    let thread = b.add_thread();
    let memory = b.kernel.memory.clone();
    let gone = memory.alloc(Heap::Virtual4K, 0x1_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
    let overlapped = u64::from(gone.0);
    assert_eq!(b.xam_call("XamContentGetDeviceState", &[NO_DEVICE, overlapped]), u64::from(PENDING));
    assert_eq!(carry_out_as(&mut b, thread, "XamGetOverlappedResult", &[overlapped, overlapped, 1]), None);
    memory.free(gone).unwrap();
    b.end_background_calls();
    assert_eq!(b.answer(thread), Some(u64::from(NOT_CONNECTED)));
}

#[test]
fn overlapped_event_wait_calls_the_kernel_wait() {
    let mut b = Harness::new();
    let export = registry().find_by_name(Library::xboxkrnl, "NtWaitForSingleObjectEx").unwrap();
    let stub = b.kernel.imports.stub_of(b.memory(), export).unwrap();
    let event = event(&mut b);
    put(&b, OVERLAPPED, event, 0);
    ask(&mut b, OVERLAPPED);
    let arguments = [at(&b, OVERLAPPED), at(&b, LENGTH), 1];
    let waits = [("XamGetOverlappedResult", &arguments[..]), ("XMsgCancelIORequest", &[arguments[0], 1])]
        .map(|(name, arguments)| match b.call(Library::xam, name, arguments) {
            Flow::CallGuest(wait) => wait,
            other => panic!("{name} does not wait: {other:?}"),
        });
    b.end_background_calls();
    for (wait, result) in waits.into_iter().zip([u64::from(NOT_CONNECTED), SUCCESS]) {
        assert_eq!((wait.pc, wait.args), (stub, vec![u64::from(event), 1, 0, 0]));
        let flow = b.resume(wait.then, 0);
        assert!(matches!(flow, Flow::Return(value) if value == result), "{flow:?}");
    }
    assert_eq!(b.word(LENGTH), 0);
}

#[test]
fn a_call_whose_event_is_invalid_stores_nothing() {
    const INVALID_HANDLE: u64 = 6;
    const OUT: u32 = 0x2000;
    let mut b = Harness::new();
    let out = at(&b, OUT);
    let zeros = at(&b, 0x1000);
    let root = b.put_text(0x300, "s");
    let overlapped = at(&b, OVERLAPPED);
    put(&b, OVERLAPPED, 8, 0);
    for (name, arguments) in [
        ("XamUserAreUsersFriends", &[0, 0, 0, out][..]),
        ("XamUserGetAgeGroup", &[0, out]),
        ("XamUserContentRestrictionCheckAccess", &[0, 0, 0, 0, 0, out]),
        ("XamContentGetCreator", &[0, zeros, out, 0]),
        ("XamContentGetLicenseMask", &[out]),
        ("XamContentCreate", &[0, root, zeros, 4, out, 0]),
        ("XamUserReadProfileSettings", &[0, 0, 0, 0, 1, zeros, out, out + 4]),
        ("XamReadTile", &[2, 0, 0, 0, out + 4, out]),
    ] {
        let mut call = |overlapped: u64| {
            b.memory().fill(b.scratch.offset(OUT), 0x10, 0xEE).unwrap();
            let answer = b.xam_call(name, &[arguments, &[overlapped]].concat());
            (answer, [0, 4, 8, 12].map(|offset| b.word(OUT + offset)) == [0xEEEE_EEEE; 4])
        };
        assert_eq!(call(overlapped), (INVALID_HANDLE, true), "{name}");
        assert!(!call(0).1, "{name} stores something");
    }
}

#[test]
fn calls_beyond_the_overlapped_limit_complete_at_once() {
    let mut b = Harness::new();
    put(&b, OVERLAPPED, 0, 0);
    for _ in 0..Limit::OverlappedCalls.row().value {
        ask(&mut b, OVERLAPPED);
    }
    put(&b, OTHER, 0, 0);
    ask(&mut b, OTHER);
    assert_eq!(fields(&b, OTHER), [NOT_CONNECTED, 0, 0x8007_048F]);
    assert_eq!(fields(&b, OVERLAPPED), [PENDING, 7, 7]);
    assert_eq!(b.kernel.limits_hit().get("overlapped_calls"), Some(&1));
    b.end_background_calls();
    ask(&mut b, OTHER);
    assert_eq!(fields(&b, OTHER)[0], PENDING);
}
