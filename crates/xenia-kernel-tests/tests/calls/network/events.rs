//! Tests of Winsock events, and of sockets that signal them.

use super::*;

fn event(b: &mut Harness) -> u64 {
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    assert_ne!(event, 0);
    event
}

/// Returns whether the event is signalled, and resets it.
fn take(b: &mut Harness, event: u64) -> bool {
    let at = b.at(INTO + 0x100);
    b.memory().write(b.scratch.offset(INTO + 0x100), event as u32).unwrap();
    let waited = b.xam_call("NetDll_WSAWaitForMultipleEvents", &[1, at, 0, 0, 0]);
    b.xam_call("NetDll_WSAResetEvent", &[event]);
    assert!(matches!(waited, 0 | 0x102), "{waited:#x}");
    waited == 0
}

#[test]
fn events_stay_signalled_and_are_waited_for() {
    let mut b = Harness::new();
    let one = event(&mut b);
    let two = event(&mut b);
    assert!(!take(&mut b, one));
    assert_eq!(b.xam_call("NetDll_WSASetEvent", &[one]), 1);
    let at = b.at(INTO);
    for (index, event) in [two, one].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(INTO + 4 * index as u32), event as u32).unwrap();
    }
    assert_eq!(b.xam_call("NetDll_WSAWaitForMultipleEvents", &[2, at, 0, 0, 0]), 1);
    assert_eq!(b.xam_call("NetDll_WSAWaitForMultipleEvents", &[2, at, 1, 0, 0]), 0x102);
    assert_eq!(b.begin("NetDll_WSAWaitForMultipleEvents", &[2, at, 1, 0xFFFF_FFFF, 0]), None);
    let second = b.add_thread();
    let first = b.act_as(second);
    assert_eq!(b.xam_call("NetDll_WSASetEvent", &[two]), 1);
    assert_eq!(b.answer(first), Some(0));
    assert_eq!(b.xam_call("NetDll_WSACloseEvent", &[two]), 1);
    for name in ["NetDll_WSACloseEvent", "NetDll_WSASetEvent", "NetDll_WSAResetEvent"] {
        assert_eq!((b.xam_call(name, &[two]), b.last_error()), (0, 6), "{name}");
    }
    assert_eq!(b.xam_call("NetDll_WSAWaitForMultipleEvents", &[2, at, 0, 0, 0]), 0xFFFF_FFFF);
    for count in [0, 65, 0xFFFF_FFFF] {
        assert_eq!(b.xam_call("NetDll_WSAWaitForMultipleEvents", &[count, at, 0, 0, 0]), 0xFFFF_FFFF);
        assert_eq!(b.last_error(), 10022);
    }
}

#[test]
fn a_socket_signals_an_event_once_until_it_is_rearmed() {
    let mut b = Harness::online();
    let listener = b.listener(4100);
    let accepts = event(&mut b);
    let reads = event(&mut b);
    let into = b.at(INTO);
    assert_eq!(b.net("NetDll_WSAEventSelect", &[1, listener, accepts, 8]), 0);
    assert!(!take(&mut b, accepts));
    let client = b.socket(STREAM);
    let [to, size] = b.put_address(0x7F00_0001, 4100);
    assert_eq!(b.net("NetDll_connect", &[1, client, to, size]), 0);
    assert!(take(&mut b, accepts));
    let server = b.net("NetDll_accept", &[1, listener, 0, 0]) as u64;
    b.refused("NetDll_accept", &[1, listener, 0, 0], WOULD_BLOCK);
    assert_eq!(b.net("NetDll_WSAEventSelect", &[1, server, reads, 1 | 0x20]), 0);
    b.refused("NetDll_recv", &[1, server, into, 9, 0], WOULD_BLOCK);
    b.send(client, "one");
    assert!(take(&mut b, reads));
    b.send(client, "two");
    assert!(!take(&mut b, reads), "no receive has rearmed the event");
    assert_eq!(b.net("NetDll_recv", &[1, server, into, 1, 0]), 1);
    assert!(take(&mut b, reads), "there is more");
    assert_eq!(b.net("NetDll_recv", &[1, server, into, 9, 0]), 5);
    assert!(!take(&mut b, reads));
    assert_eq!(b.net("NetDll_closesocket", &[1, client]), 0);
    assert!(take(&mut b, reads), "the end");
    // A socket with an event never blocks; without one it may block again.
    b.memory().write(b.scratch.offset(TIME), 0_u32).unwrap();
    let at = b.at(TIME);
    b.refused("NetDll_ioctlsocket", &[1, server, 0x8004_667E, at], 10022);
    assert_eq!(b.net("NetDll_WSAEventSelect", &[1, server, 0, 0]), 0);
    assert_eq!(b.net("NetDll_ioctlsocket", &[1, server, 0x8004_667E, at]), 0);
    b.refused("NetDll_WSAEventSelect", &[1, server, 0x1234, 1], 6);
    b.refused("NetDll_WSAEventSelect", &[1, 77, reads, 1], NOT_SOCKET);
}

#[test]
fn a_socket_signals_that_it_is_connected_and_has_room() {
    let mut b = Harness::online();
    let listener = b.listener(4200);
    let client = b.socket(STREAM);
    let notified = event(&mut b);
    assert_eq!(b.net("NetDll_WSAEventSelect", &[1, client, notified, 0x10]), 0);
    let [to, size] = b.put_address(0x7F00_0001, 4201);
    b.refused("NetDll_connect", &[1, client, to, size], WOULD_BLOCK);
    assert!(take(&mut b, notified), "nobody is there");
    assert_eq!(b.net("NetDll_WSAEventSelect", &[1, client, notified, 2]), 0);
    let [to, size] = b.put_address(0x7F00_0001, 4200);
    b.refused("NetDll_connect", &[1, client, to, size], WOULD_BLOCK);
    assert!(take(&mut b, notified));
    let server = b.net("NetDll_accept", &[1, listener, 0, 0]) as u64;
    let data = b.at(DATA);
    while b.net("NetDll_send", &[1, client, data, 0x1000, 0]) != FAILED {}
    assert_eq!(b.last_error(), WOULD_BLOCK);
    assert!(!take(&mut b, notified));
    let into = b.at(INTO);
    assert_eq!(b.net("NetDll_recv", &[1, server, into, 0x800, 0]), 0x800);
    assert!(take(&mut b, notified), "there is room again");
}
