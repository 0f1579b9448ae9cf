//! Tests of blocking socket calls: for room, data and connections, with time limits.

use super::*;

#[test]
fn large_send_waits_for_room_and_waitall_for_all_data() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let big = b.memory().alloc(Heap::Virtual4K, 0x8_0000, 0x1_0000, Protect::READ_WRITE).unwrap();
    let into = b.at(INTO);
    b.memory().fill(big, 0x4_0000, 9).unwrap();
    assert_eq!(b.begin("NetDll_send", &[1, client, u64::from(big.0), 0x4_0000, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    let all = u64::from(big.0) + 0x4_0000;
    assert_eq!(b.begin("NetDll_recv", &[1, server, all, 0x4_0000, 8]), Some(0x4_0000));
    assert_eq!(b.answer(first), Some(0x4_0000));
    assert_eq!(b.memory().read::<u32>(GuestAddr(big.0 + 0x7_FFFC)).unwrap(), 0x0909_0909);
    // A non-blocking socket sends what fits.
    b.set_non_blocking(client);
    assert_eq!(b.net("NetDll_send", &[1, client, u64::from(big.0), 0x4_0000, 0]), 0x4000);
    b.refused("NetDll_send", &[1, client, into, 1, 0], WOULD_BLOCK);
    assert_eq!(b.net("NetDll_ioctlsocket", &[1, server, 0x4004_667F, into]), 0);
    assert_eq!(b.word(INTO), 0x4000);
    assert_eq!(b.net("NetDll_ioctlsocket", &[1, server, 0x4004_7307, into]), 0);
    assert_eq!(b.word(INTO), 1, "no urgent data waits");
    b.refused("NetDll_ioctlsocket", &[1, server, 1, into], 10022);
    b.refused("NetDll_ioctlsocket", &[1, server, 0x4004_667F, 0], 10014);
    // `MSG_WAITALL` is refused on a non-blocking socket, without loss of data.
    b.set_non_blocking(server);
    b.refused("NetDll_recv", &[1, server, all, 0x8000, 8], 10045);
    assert_eq!(b.net("NetDll_recv", &[1, server, all, 0x8000, 0]), 0x4000);
}

#[test]
fn long_transfers_are_split_over_polls() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    b.memory().write(b.scratch.offset(TIME), 1_u32).unwrap();
    let least = b.at(TIME);
    assert_eq!(b.net("NetDll_setsockopt", &[1, server, 0xFFFF, 0x1002, least, 4]), 0);
    let size = 0x10_0000_u32;
    let big = b.memory().alloc(Heap::Virtual4K, 2 * size, 0x1_0000, Protect::READ_WRITE).unwrap();
    b.memory().fill(big, size, 9).unwrap();
    assert_eq!(b.begin("NetDll_send", &[1, client, u64::from(big.0), u64::from(size), 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    let into = u64::from(big.0 + size);
    assert_eq!(b.begin("NetDll_recv", &[1, server, into, u64::from(size), 8]), None);
    let kernel = b.kernel.clone();
    let mut looks = 0;
    while let Some(due) = kernel.net.next_due() {
        b.scheduler.set_now(due);
        kernel.sockets().poll(&mut b.scheduler);
        looks += 1;
    }
    assert!((8..64).contains(&looks), "{looks} turns");
    assert_eq!((b.answer(first), b.answer(second)), (Some(u64::from(size)), Some(u64::from(size))));
    assert_eq!(b.memory().read::<u32>(big.offset(2 * size - 4)).unwrap(), 0x0909_0909);
}

#[test]
fn accept_waits_and_connect_reports_missing_peers() {
    let mut b = Harness::online();
    let listener = b.listener(5000);
    let [at, length] = b.room_for_address();
    assert_eq!(b.begin("NetDll_accept", &[1, listener, at, length]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    let client = b.bound(STREAM, 5001);
    let [to, size] = b.put_address(0x7F00_0001, 5000);
    assert_eq!(b.net("NetDll_connect", &[1, client, to, size]), 0);
    assert!(b.answer(first).unwrap() as i32 > 0);
    assert_eq!(b.stored_address(), (0x7F00_0001, 5001));
    b.refused("NetDll_connect", &[1, client, to, size], 10056);
    b.refused("NetDll_accept", &[1, client, 0, 0], 10022);
    let other = b.socket(STREAM);
    let [to, size] = b.put_address(0x7F00_0001, 5002);
    b.refused("NetDll_connect", &[1, other, to, size], 10061);
    let [to, size] = b.put_address(0xC000_0201, 5000);
    b.refused("NetDll_connect", &[1, other, to, size], 10051);
    b.refused("NetDll_connect", &[1, other, to, 15], 10014);
    // A non-blocking `connect` reports its result later.
    b.set_non_blocking(other);
    let [to, size] = b.put_address(0x7F00_0001, 5002);
    b.refused("NetDll_connect", &[1, other, to, size], WOULD_BLOCK);
    let write = b.put_set(1, &[other]);
    let except = b.put_set(2, &[other]);
    let time = b.put_time(0, 0);
    assert_eq!(b.net("NetDll_select", &[1, 0, 0, write, except, time]), 1);
    assert_eq!((b.stored_set(1), b.stored_set(2)), (vec![], vec![other]));
    let value = b.at(INTO);
    let length = b.at(LENGTH);
    b.memory().write(b.scratch.offset(LENGTH), 4_u32).unwrap();
    assert_eq!(b.net("NetDll_getsockopt", &[1, other, 0xFFFF, 0x1007, value, length]), 0);
    assert_eq!(b.word(INTO), 10061);
    let [to, size] = b.put_address(0x7F00_0001, 5000);
    b.refused("NetDll_connect", &[1, other, to, size], WOULD_BLOCK);
    let write = b.put_set(1, &[other]);
    assert_eq!(b.net("NetDll_select", &[1, 0, 0, write, 0, 0]), 1);
    // Connections inherit the listener's options.
    b.set_non_blocking(listener);
    let accepted = b.net("NetDll_accept", &[1, listener, 0, 0]);
    let into = b.at(INTO);
    b.refused("NetDll_recv", &[1, accepted as u64, into, 4, 0], WOULD_BLOCK);
    b.refused("NetDll_accept", &[1, listener, 0, 0], WOULD_BLOCK);
}

#[test]
fn a_wait_ends_when_its_socket_is_closed() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let into = b.at(INTO);
    assert_eq!(b.begin("NetDll_recv", &[1, server, into, 9, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    let set = b.put_set(0, &[server]);
    assert_eq!(b.begin("NetDll_select", &[1, 0, set, 0, 0, 0]), None);
    let third = b.add_thread();
    b.act_as(third);
    assert_eq!(b.net("NetDll_closesocket", &[1, server]), 0);
    assert_eq!(b.answer(first), Some(u64::MAX));
    assert_eq!(b.answer(second), Some(u64::MAX));
    b.act_as(first);
    assert_eq!(b.last_error(), 10004);
    b.act_as(second);
    assert_eq!(b.last_error(), NOT_SOCKET);
    b.act_as(third);
    assert_eq!(b.net("NetDll_recv", &[1, client, into, 9, 0]), 0);
}

#[test]
fn select_waits_for_any_socket_up_to_its_timeout() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let read = b.put_set(0, &[client, server]);
    let write = b.put_set(1, &[client]);
    let time = b.put_time(0, 0);
    assert_eq!(b.net("NetDll_select", &[1, 0, read, write, 0, time]), 1);
    assert_eq!((b.stored_set(0), b.stored_set(1)), (vec![], vec![client]));
    let read = b.put_set(0, &[client, server]);
    assert_eq!(b.net("NetDll_select", &[1, 0, read, 0, 0, time]), 0, "nothing, at once");
    // With a time limit, until it expires.
    let read = b.put_set(0, &[client, server]);
    let time = b.put_time(0, 20_000);
    assert_eq!(b.begin("NetDll_select", &[1, 0, read, 0, 0, time]), None);
    let waits = b.scheduler.thread(b.thread).unwrap().wait().cloned().unwrap();
    assert_eq!(waits.deadline, Some(TICKS_PER_SECOND / 50));
    b.pass_until(TICKS_PER_SECOND / 50);
    assert_eq!((b.answer(b.thread), b.stored_set(0)), (Some(0), vec![]));
    // Its microseconds may be those of more than a second.
    let read = b.put_set(0, &[client, server]);
    let time = b.put_time(0, 2_500_000);
    assert_eq!(b.begin("NetDll_select", &[1, 0, read, 0, 0, time]), None);
    let end = TICKS_PER_SECOND / 50 + TICKS_PER_SECOND / 2 * 5;
    let waits = b.scheduler.thread(b.thread).unwrap().wait().cloned().unwrap();
    assert_eq!(waits.deadline, Some(end));
    b.pass_until(end);
    assert_eq!((b.answer(b.thread), b.stored_set(0)), (Some(0), vec![]));
    // Without one, until data arrives.
    let read = b.put_set(0, &[client, server]);
    assert_eq!(b.begin("NetDll_select", &[1, 0, read, 0, 0, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    b.send(client, "x");
    assert_eq!((b.answer(first), b.stored_set(0)), (Some(1), vec![server]));
    let set = b.put_set(0, &[client, server]);
    assert_eq!(b.xam_call("NetDll___WSAFDIsSet", &[server, set]), 1);
    assert_eq!(b.xam_call("NetDll___WSAFDIsSet", &[server + 4, set]), 0);
    b.refused("NetDll_select", &[1, 0, 0, 0, 0, 0], 10022);
    let time = b.put_time(-1, 0);
    let set = b.put_set(0, &[99]);
    b.refused("NetDll_select", &[1, 0, set, 0, 0, time], 10022);
    b.refused("NetDll_select", &[1, 0, set, 0, 0, 0], NOT_SOCKET);
    b.memory().write(b.scratch.offset(SETS), 65_u32).unwrap();
    b.refused("NetDll_select", &[1, 0, set, 0, 0, 0], 10022);
    assert_eq!(b.xam_call("NetDll___WSAFDIsSet", &[server, set]), 0);
}

#[test]
fn a_receive_ends_at_the_sockets_timeout() {
    let mut b = Harness::online();
    let (_, server) = b.pair();
    let value = b.at(TIME);
    let into = b.at(INTO);
    b.memory().write(b.scratch.offset(TIME), 50_u32).unwrap();
    assert_eq!(b.net("NetDll_setsockopt", &[1, server, 0xFFFF, 0x1006, value, 4]), 0);
    assert_eq!(b.begin("NetDll_recv", &[1, server, into, 9, 0]), None);
    b.pass_until(TICKS_PER_SECOND / 20);
    assert_eq!((b.answer(b.thread), b.last_error()), (Some(u64::MAX), 10060));
}

#[test]
fn a_send_ends_at_the_sockets_timeout_with_the_part_that_was_taken() {
    let mut b = Harness::online();
    let (client, _) = b.pair();
    let value = b.at(TIME);
    let data = b.at(DATA);
    b.memory().write(b.scratch.offset(TIME), 50_u32).unwrap();
    assert_eq!(b.net("NetDll_setsockopt", &[1, client, 0xFFFF, 0x1005, value, 4]), 0);
    assert_eq!(b.begin("NetDll_send", &[1, client, data, 0x5000, 0]), None);
    b.pass_until(TICKS_PER_SECOND / 20 - 1);
    assert_eq!(b.answer(b.thread), None, "one tick is left");
    b.pass_until(TICKS_PER_SECOND / 20);
    assert_eq!(b.answer(b.thread), Some(0x4000));
    // Now there is no room for a single byte.
    assert_eq!(b.begin("NetDll_send", &[1, client, data, 1, 0]), None);
    b.pass_until(TICKS_PER_SECOND / 10);
    assert_eq!((b.answer(b.thread), b.last_error()), (Some(u64::MAX), 10060));
}

#[test]
fn a_send_that_a_close_interrupts_returns_the_part_that_was_taken() {
    let mut b = Harness::online();
    let (client, server) = b.pair();
    let data = b.at(DATA);
    assert_eq!(b.begin("NetDll_send", &[1, client, data, 0x5000, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    assert_eq!(b.net("NetDll_closesocket", &[1, server]), 0);
    assert_eq!(b.answer(first), Some(0x4000));
    b.refused("NetDll_send", &[1, client, data, 1, 0], 10054);
}
