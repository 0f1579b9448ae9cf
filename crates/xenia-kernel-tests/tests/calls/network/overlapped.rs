//! Tests of overlapped sends and receives.

use super::*;

const OVERLAPPED: u32 = 0x700;
const BUFFERS: u32 = 0x740;
const COUNT: u32 = 0x780;
const FLAGS: u32 = 0x784;
const PENDING: u32 = 997;

/// Stores the lengths and addresses of two buffers.
fn put_buffers(b: &Harness, words: [u32; 4]) {
    for (index, word) in words.into_iter().enumerate() {
        b.memory().write(b.scratch.offset(BUFFERS + 4 * index as u32), word).unwrap();
    }
}

/// Stores two buffers of three and ten bytes; returns the addresses of the buffers, the count, the
/// flags and the overlapped structure.
fn put_call(b: &Harness, flags: u32, event: u64) -> [u64; 4] {
    let into = b.at(INTO) as u32;
    put_buffers(b, [3, into, 10, into + 0x100]);
    b.memory().write(b.scratch.offset(COUNT), 99_u32).unwrap();
    b.memory().write(b.scratch.offset(FLAGS), flags).unwrap();
    b.memory().fill(b.scratch.offset(OVERLAPPED), 0x14, 0).unwrap();
    b.memory().write(b.scratch.offset(OVERLAPPED + 0x10), event as u32).unwrap();
    [b.at(BUFFERS), b.at(COUNT), b.at(FLAGS), b.at(OVERLAPPED)]
}

fn result(b: &Harness) -> (u32, u32) {
    (b.word(OVERLAPPED), b.word(OVERLAPPED + 4))
}

#[test]
fn buffers_are_filled_in_order_and_a_call_without_a_structure_returns_zero() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    b.send(client, "abcdef");
    let [buffers, count, flags, _] = put_call(&b, 0, 0);
    assert_eq!(b.net("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, 0, 0]), 0);
    assert_eq!(b.word(COUNT), 6);
    assert_eq!(b.received(3), b"abc");
    assert_eq!(b.memory().read_c_string(b.scratch.offset(INTO + 0x100), 9).unwrap(), b"def");
    assert_eq!(b.begin("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, 0, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    let sends = [1, client, buffers, 2, count, 0, 0, 0];
    assert_eq!(b.net("NetDll_WSASend", &sends), 0);
    assert_eq!((b.answer(first), b.word(COUNT)), (Some(0), 13));
    for (count_of, error) in [(0, 10022), (65, 10022)] {
        b.refused("NetDll_WSASend", &[1, client, buffers, count_of, count, 0, 0, 0], error);
        b.refused("NetDll_WSARecv", &[1, server, buffers, count_of, count, flags, 0, 0], error);
    }
    b.refused("NetDll_WSARecv", &[1, server, buffers, 1, count, 0, 0, 0], 10014);
}

#[test]
fn a_completed_structure_has_its_status_and_event_set() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    assert_eq!(b.xam_call("NetDll_WSASetEvent", &[event]), 1);
    let [buffers, count, flags, overlapped] = put_call(&b, 0, event);
    b.refused("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, overlapped, 0], PENDING);
    assert_eq!(result(&b), (PENDING, 0));
    let query = b.at(0x790);
    assert_eq!(b.status("NtQueryEvent", &[event, query]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x794), 0, "not signalled any more");
    let ask = [1, server, overlapped, count, 0, flags];
    assert_eq!((b.net("NetDll_WSAGetOverlappedResult", &ask), b.last_error()), (0, 996));
    // One thread waits for the completion, and another one sends.
    assert_eq!(b.begin("NetDll_WSAGetOverlappedResult", &[1, server, overlapped, count, 1, flags]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    b.send(client, "four");
    assert_eq!((b.answer(first), b.word(COUNT), result(&b)), (Some(1), 4, (0, 4)));
    assert_eq!(b.status("NtQueryEvent", &[event, query]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x794), 1);
    assert_eq!(b.net("NetDll_WSAGetOverlappedResult", &ask), 1);
    // Available data completes the call at once.
    b.send(client, "now");
    let [buffers, count, flags, overlapped] = put_call(&b, 0, 0);
    assert_eq!(b.net("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, overlapped, 0]), 0);
    assert_eq!((result(&b), b.word(COUNT)), ((0, 3), 3));
    b.refused("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, 8, 0], 10014);
}

#[test]
fn pending_receives_store_messages_and_senders() {
    let mut b = Harness::online();
    let a = b.bound(DATAGRAM, 6100);
    let c = b.bound(DATAGRAM, 6101);
    let [from, length] = b.room_for_address();
    let [buffers, count, flags, overlapped] = put_call(&b, 0, 0);
    let receive = [1, c, buffers, 2, count, flags, from, length, overlapped, 0];
    b.refused("NetDll_WSARecvFrom", &receive, PENDING);
    let sent = b.at(0x7C0);
    let text = b.put_text(DATA, "hello");
    b.memory().write(b.scratch.offset(0x7C0), 5_u32).unwrap();
    b.memory().write(b.scratch.offset(0x7C4), text as u32).unwrap();
    let [to, size] = b.put_address(0x7F00_0001, 6101);
    assert_eq!(b.net("NetDll_WSASendTo", &[1, a, sent, 1, count, 0, to, size, 0, 0]), 0);
    assert_eq!((result(&b), b.word(COUNT), b.stored_address()), ((0, 5), 5, (0x7F00_0001, 6100)));
    assert_eq!(b.received(3), b"hel");
}

#[test]
fn cancel_and_close_abort_overlapped_receives() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    for closes in [false, true] {
        let [buffers, count, flags, overlapped] = put_call(&b, 0, 0);
        b.refused("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, overlapped, 0], PENDING);
        let name = if closes { "NetDll_closesocket" } else { "NetDll_WSACancelOverlappedIO" };
        assert_eq!(b.net(name, &[1, server]), 0);
        assert_eq!(result(&b), (995, 0));
    }
    let [_, count, flags, overlapped] = put_call(&b, 0, 0);
    b.memory().write(b.scratch.offset(OVERLAPPED), 995_u32).unwrap();
    let ask = [1, client, overlapped, count, 0, flags];
    assert_eq!((b.net("NetDll_WSAGetOverlappedResult", &ask), b.last_error()), (0, 995));
    assert_eq!(b.word(COUNT), 99, "a failure has no count");
    b.refused("NetDll_WSACancelOverlappedIO", &[1, server], NOT_SOCKET);
}

#[test]
fn thread_end_aborts_requests_and_wakes_their_waiters() {
    let mut b = Harness::online();
    let (_, server) = b.pair();
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    let [buffers, count, flags, overlapped] = put_call(&b, 0, event);
    b.refused("NetDll_WSARecv", &[1, server, buffers, 2, count, flags, overlapped, 0], PENDING);
    let other = b.add_thread();
    let asker = b.act_as(other);
    let ask = [1, server, overlapped, count, 1, flags];
    assert_eq!(b.begin("NetDll_WSAGetOverlappedResult", &ask), None);
    let third = b.add_thread();
    b.act_as(third);
    let kernel = b.kernel.clone();
    let id = kernel.threads.lock().iter().find(|record| record.reference == asker).map(|record| record.id);
    kernel.end_thread(&mut b.scheduler, id.unwrap(), 0).unwrap();
    assert_eq!((result(&b), b.answer(other)), ((995, 0), Some(0)));
    let query = b.at(0x790);
    assert_eq!(b.status("NtQueryEvent", &[event, query]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x794), 1, "signalled");
}

#[test]
fn an_overlapped_send_is_whole_where_calls_do_not_wait() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    b.set_non_blocking(client);
    let size = 0x6000_u32;
    let big = b.memory().alloc(Heap::Virtual4K, 2 * size, 0x1_0000, Protect::READ_WRITE).unwrap();
    let [buffers, count, _, overlapped] = put_call(&b, 0, 0);
    b.memory().write(b.scratch.offset(BUFFERS), size).unwrap();
    b.memory().write(b.scratch.offset(BUFFERS + 4), big.0).unwrap();
    b.refused("NetDll_WSASend", &[1, client, buffers, 1, count, 0, overlapped, 0], PENDING);
    let into = u64::from(big.0 + size);
    assert_eq!(b.net("NetDll_recv", &[1, server, into, u64::from(size), 8]), size as i32);
    assert_eq!(result(&b), (0, size));
}

#[test]
fn a_send_continues_after_the_part_that_was_taken() {
    const FROM: u32 = 0x8000;
    const SIZE: u32 = 0x6000;
    /// Size of the receiver's buffer.
    const TAKEN: u32 = 0x4000;
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let into = b.at(INTO);
    for at in (0..SIZE).step_by(4) {
        b.memory().write(b.scratch.offset(FROM + at), at).unwrap();
    }
    let [buffers, count, _, overlapped] = put_call(&b, 0, 0);
    let from = b.at(FROM) as u32;
    put_buffers(&b, [0x3000, from, 0x3000, from + 0x3000]);
    let receive = [1, server, into, u64::from(SIZE), 0];
    let ends = |b: &Harness, length: u32| [b.word(INTO), b.word(INTO + length - 4)];
    // Without an overlapped structure, where calls do not wait: the count is the result.
    b.set_non_blocking(client);
    assert_eq!(b.net("NetDll_WSASend", &[1, client, buffers, 2, count, 0, 0, 0]), 0);
    assert_eq!(b.word(COUNT), TAKEN);
    b.refused("NetDll_WSASend", &[1, client, buffers, 2, count, 0, 0, 0], WOULD_BLOCK);
    assert_eq!(b.net("NetDll_recv", &receive), TAKEN as i32);
    assert_eq!(ends(&b, TAKEN), [0, TAKEN - 4]);
    // With one, which is complete only after the last byte.
    b.refused("NetDll_WSASend", &[1, client, buffers, 2, count, 0, overlapped, 0], PENDING);
    assert_eq!(result(&b), (PENDING, 0));
    assert_eq!(b.net("NetDll_recv", &receive), TAKEN as i32);
    assert_eq!((ends(&b, TAKEN), result(&b)), ([0, TAKEN - 4], (0, SIZE)));
    assert_eq!(b.net("NetDll_recv", &receive), (SIZE - TAKEN) as i32);
    assert_eq!(ends(&b, SIZE - TAKEN), [TAKEN, SIZE - 4]);
}

#[test]
fn an_overlapped_send_that_is_reset_after_a_part_reports_the_error() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let [buffers, count, _, overlapped] = put_call(&b, 0, 0);
    let into = b.at(INTO);
    // The receiver's buffer has room for 0x4000 bytes.
    put_buffers(&b, [0x6000, b.at(0x8000) as u32, 0, 0]);
    b.refused("NetDll_WSASend", &[1, client, buffers, 1, count, 0, overlapped, 0], PENDING);
    assert_eq!(b.net("NetDll_recv", &[1, server, into, 1, 2]), 1, "a part was sent");
    assert_eq!(b.net("NetDll_closesocket", &[1, server]), 0);
    assert_eq!(result(&b), (10054, 0));
}

/// Returns the arguments of the completion routine that an alertable wait calls.
fn arguments_of_routine(b: &mut Harness, routine: u64) -> Vec<u64> {
    let interval = b.at(0x7F0);
    b.memory().write(b.scratch.offset(0x7F0), i64::MIN).unwrap();
    let flow = b.call(Library::xboxkrnl, "KeDelayExecutionThread", &[1, 1, interval]);
    let Flow::CallGuest(guest) = flow else { panic!("{flow:?}") };
    assert_eq!(guest.pc, GuestAddr(routine as u32));
    guest.args
}

#[test]
fn an_alertable_wait_calls_the_routine_with_error_length_structure_and_no_flags() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    // With a routine the structure's event is not used, so it need not be one.
    let [buffers, count, flags, overlapped] = put_call(&b, 0, 0x1234);
    let routine = 0x8200_5000;
    let receive = [1, server, buffers, 2, count, flags, overlapped, routine];
    b.refused("NetDll_WSARecv", &receive, PENDING);
    b.send(client, "call");
    assert_eq!(arguments_of_routine(&mut b, routine), [0, 4, overlapped, 0]);
    // Also if the call is complete at once.
    b.send(client, "now");
    assert_eq!(b.net("NetDll_WSARecv", &receive), 0);
    assert_eq!(arguments_of_routine(&mut b, routine), [0, 3, overlapped, 0]);
    b.refused("NetDll_WSARecv", &receive, PENDING);
    assert_eq!(b.net("NetDll_WSACancelOverlappedIO", &[1, server]), 0);
    assert_eq!(arguments_of_routine(&mut b, routine), [995, 0, overlapped, 0]);
}

#[test]
fn pending_socket_requests_are_limited() {
    let mut b = Harness::online();
    let (_, server) = b.pair();
    let [buffers, count, flags, overlapped] = put_call(&b, 0, 0);
    let receive = [1, server, buffers, 2, count, flags, overlapped, 0];
    for _ in 0..0x400 {
        assert_eq!(b.net("NetDll_WSARecv", &receive), FAILED);
    }
    b.refused("NetDll_WSARecv", &receive, 10055);
    assert_eq!(b.kernel.limits_hit().get("socket_requests"), Some(&1));
}
