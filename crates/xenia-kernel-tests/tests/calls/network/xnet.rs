//! Tests of XNet: the console's address on its network, and other consoles.

use super::*;
use xenia_formats::xex::key;

const INVALID: u64 = 10022;

/// Loads a title with one privilege.
fn give_privilege(b: &mut Harness, privilege: u32) {
    let mut headers = vec![0; 0x60];
    for (at, word) in [(0x14, 1), (0x18, key::SYSTEM_FLAGS), (0x1C, 1 << privilege)] {
        headers[at..at + 4].copy_from_slice(&u32::to_be_bytes(word));
    }
    let image = LoadedImage { headers, ..title_image(1) };
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
}

/// Stores two pointers; returns where they are.
fn put_pointers(b: &Harness, offset: u32, pointers: [u64; 2]) -> u64 {
    for (at, pointer) in (offset..).step_by(4).zip(pointers) {
        b.memory().write(b.scratch.offset(at), pointer as u32).unwrap();
    }
    b.at(offset)
}

#[test]
fn the_console_has_an_address_and_a_link() {
    let mut b = Harness::new();
    let own = b.at(INTO);
    // Before XNet is started.
    assert_eq!(b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]), 6);
    assert_eq!((b.word(INTO), b.word(INTO + 4)), (0x7F00_0001, 0));
    assert_ne!((b.word(INTO + 8) << 16, b.word(INTO + 12)), (0, 0), "its Ethernet address");
    assert_eq!(b.xam_call("NetDll_XNetGetEthernetLinkStatus", &[1]), 0xB);
    assert_eq!(b.xam_call("NetDll_XNetGetDebugXnAddr", &[1, own]), 1);
    assert_eq!(b.word(INTO), 0);
    assert_eq!(b.xam_call("NetDll_XNetGetBroadcastVersionStatus", &[1, 1]), 0);
    assert_eq!(b.xam_call("NetDll_XNetGetXnAddrPlatform", &[1, own, own]), 0);
    assert_eq!(b.word(INTO), 1);
    assert_eq!(b.xam_call("NetDll_XNetXnAddrToMachineId", &[1, own, own]), INVALID);
}

#[test]
fn traffic_is_counted_in_frames_with_their_headers() {
    let mut b = Harness::online();
    let a = b.bound(DATAGRAM, 6100);
    let c = b.bound(DATAGRAM, 6101);
    let [to, to_size] = b.put_address(0x7F00_0001, 6101);
    let data = b.put_text(DATA, "hello");
    let into = b.at(INTO);
    assert_eq!(b.net("NetDll_sendto", &[1, a, data, 5, 0, to, to_size]), 5);
    // A receive that peeks is not counted.
    for flags in [2, 0] {
        assert_eq!(b.net("NetDll_recv", &[1, c, into, 9, flags]), 5);
    }
    let size = b.at(LENGTH);
    let value = |b: &mut Harness, option: u64| {
        b.memory().write(b.scratch.offset(LENGTH), 8_u32).unwrap();
        b.memory().fill(b.scratch.offset(INTO), 8, 0).unwrap();
        assert_eq!(b.xam_call("NetDll_XNetGetOpt", &[1, option, into, size]), 0, "{option}");
        (b.word(LENGTH), b.word(INTO), b.word(INTO + 4))
    };
    let bytes = (8, 0, 5 + 8 + 20 + 14);
    let frames = (4, 1, 0);
    for option in [2, 4, 6, 8] {
        assert_eq!((value(&mut b, option), value(&mut b, option + 1)), (bytes, frames), "{option}");
    }
    // The network interface goes on counting.
    assert_eq!(b.xam_call("NetDll_XNetCleanup", &[1]), 0);
    assert_eq!((value(&mut b, 2), value(&mut b, 6)), (bytes, (8, 0, 0)));
}

#[test]
fn xnet_startup_takes_the_titles_parameters_or_defaults() {
    let mut b = Harness::new();
    let value = b.at(INTO);
    let size = b.at(LENGTH);
    let given = b.at(DATA);
    let parameters = |b: &mut Harness| -> Vec<u8> {
        b.memory().write(b.scratch.offset(LENGTH), 13_u32).unwrap();
        assert_eq!(b.xam_call("NetDll_XNetGetOpt", &[1, 1, value, size]), 0);
        b.received(13)
    };
    assert_eq!(b.xam_call("NetDll_XNetStartup", &[1, 0]), 0);
    assert_eq!(parameters(&mut b), [13, 0, 8, 32, 16, 16, 8, 32, 64, 2, 3, 8, 2]);
    let wanted = [13_u8, 1, 0, 0, 64, 0, 1, 0, 0, 0, 0, 0, 0];
    b.memory().write_bytes(b.scratch.offset(DATA), &wanted).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetStartupEx", &[1, given, 0]), 0);
    assert_eq!(parameters(&mut b), [13, 1, 8, 32, 64, 16, 1, 32, 64, 2, 3, 8, 2]);
    b.memory().write(b.scratch.offset(DATA), 12_u8).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetStartup", &[1, given]), INVALID);
    b.memory().write(b.scratch.offset(LENGTH), 12_u32).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetGetOpt", &[1, 1, value, size]), 10040);
    assert_eq!(b.word(LENGTH), 13);
    assert_eq!(b.xam_call("NetDll_XNetGetOpt", &[1, 10, value, size]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetCleanup", &[1]), 0);
    assert_eq!(parameters(&mut b)[1], 0);
}

#[test]
fn keys_are_random_registered_once_and_forgotten() {
    let mut b = Harness::new();
    let id = b.at(0x100);
    let key = b.at(0x110);
    let other = b.at(0x120);
    assert_eq!(b.xam_call("NetDll_XNetRandom", &[1, other, 24]), 0);
    let random = (b.word(0x120), b.word(0x124));
    assert_eq!(b.xam_call("NetDll_XNetRandom", &[1, other, 24]), 0);
    assert_ne!((b.word(0x120), b.word(0x124)), random);
    assert_eq!(b.xam_call("NetDll_XNetRandom", &[1, 8, u64::from(u32::MAX)]), 10014);
    assert_eq!(b.xam_call("NetDll_XNetCreateKey", &[1, id, key]), 0);
    assert_eq!(b.word(0x100) >> 24, 0, "of system link");
    assert_ne!((b.word(0x104), b.word(0x110)), (0, 0));
    assert_eq!(b.xam_call("NetDll_XNetCreateKey", &[1, id, 0]), 10014);
    assert_eq!(b.xam_call("NetDll_XNetRegisterKey", &[1, id, key]), 0);
    assert_eq!(b.xam_call("NetDll_XNetRegisterKey", &[1, id, key]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetRegisterKey", &[1, other, key]), 0);
    assert_eq!(b.xam_call("NetDll_XNetReplaceKey", &[1, id, other]), 0);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterKey", &[1, id]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterKey", &[1, other]), 0);
    assert_eq!(b.xam_call("NetDll_XNetReplaceKey", &[1, id, other]), INVALID);
    for n in 0..9_u64 {
        b.memory().write(b.scratch.offset(0x100), n).unwrap();
        let expected = if n < 8 { 0 } else { 10055 };
        assert_eq!(b.xam_call("NetDll_XNetRegisterKey", &[1, id, key]), expected);
    }
}

#[test]
fn keys_and_consoles_are_as_many_as_the_title_asks_for() {
    const NO_BUFFERS: u64 = 10055;
    let mut b = Harness::new();
    let given = b.at(DATA);
    let first = b.at(0x100);
    let second = b.at(0x108);
    let key = b.at(0x110);
    let ip = b.at(0x120);
    let address = b.at(INTO);
    let parameters = [13_u8, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0];
    b.memory().write_bytes(b.scratch.offset(DATA), &parameters).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetStartup", &[1, given]), 0);
    b.memory().write(b.scratch.offset(0x100), 1_u64).unwrap();
    b.memory().write(b.scratch.offset(0x108), 2_u64).unwrap();
    for (name, id, expected) in [
        ("NetDll_XNetRegisterKey", first, 0),
        ("NetDll_XNetRegisterKey", first, INVALID),
        ("NetDll_XNetRegisterKey", second, NO_BUFFERS),
        ("NetDll_XNetUnregisterKey", first, 0),
        ("NetDll_XNetRegisterKey", second, 0),
    ] {
        assert_eq!(b.xam_call(name, &[1, id, key]), expected, "{name}");
    }
    // The second time, the first console is known.
    for (console, expected) in [(1, 0), (2, 0), (3, NO_BUFFERS), (1, 0)] {
        b.memory().write(b.scratch.offset(INTO), 0x7F00_0000_u32 + console).unwrap();
        let made = b.xam_call("NetDll_XNetXnAddrToInAddr", &[1, address, second, ip]);
        assert_eq!(made, expected, "console {console}");
    }
}

#[test]
fn the_end_of_a_key_forgets_the_consoles_of_its_session() {
    const IDLE: u64 = 0;
    const LOST: u64 = 3;
    let mut b = Harness::new();
    let first = b.at(0x100);
    let second = b.at(0x108);
    let key = b.at(0x110);
    let ip = b.at(0x120);
    let address = b.at(INTO);
    b.memory().write(b.scratch.offset(0x100), 1_u64).unwrap();
    b.memory().write(b.scratch.offset(0x108), 2_u64).unwrap();
    let begin = |b: &mut Harness| {
        for (id, console) in [(first, 0x7F00_0001_u32), (second, 0x7F00_0002)] {
            b.memory().write(b.scratch.offset(INTO), console).unwrap();
            assert_eq!(b.xam_call("NetDll_XNetRegisterKey", &[1, id, key]), 0);
            assert_eq!(b.xam_call("NetDll_XNetXnAddrToInAddr", &[1, address, id, ip]), 0);
        }
    };
    let states = |b: &mut Harness| -> [u64; 2] {
        [0x7F00_0001, 0x7F00_0002].map(|at| b.xam_call("NetDll_XNetGetConnectStatus", &[1, at]))
    };
    begin(&mut b);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterKey", &[1, second]), 0);
    assert_eq!(states(&mut b), [IDLE, LOST]);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterKey", &[1, first]), 0);
    assert_eq!(states(&mut b), [LOST, LOST]);
    // A replaced key ends, too, but the other one takes its consoles over.
    begin(&mut b);
    assert_eq!(b.xam_call("NetDll_XNetReplaceKey", &[1, first, second]), 0);
    assert_eq!(states(&mut b), [IDLE, IDLE]);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterKey", &[1, second]), 0);
    assert_eq!(states(&mut b), [LOST, LOST]);
    begin(&mut b);
    assert_eq!(b.xam_call("NetDll_XNetCleanup", &[1]), 0);
    assert_eq!(states(&mut b), [LOST, LOST]);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterKey", &[1, first]), INVALID);
}

#[test]
fn no_server_of_the_online_service_is_reached() {
    let mut b = Harness::new();
    let into = b.at(INTO);
    for name in ["NetDll_XNetServerToInAddr", "NetDll_XNetTsAddrToInAddr"] {
        assert_eq!(b.xam_call(name, &[1, 0x0102_0304, 0x5841_0000, into]), 10065, "{name}");
    }
    assert_eq!(b.xam_call("NetDll_XNetInAddrToServer", &[1, 0x0102_0304, into]), INVALID);
    b.memory().write(b.scratch.offset(INTO), u64::MAX).unwrap();
    for at in [into, 0] {
        assert_eq!(b.xam_call("XNetLogonGetMachineID", &[at]), 0xFFFF_FFFF_8015_1802);
    }
    assert_eq!([b.word(INTO), b.word(INTO + 4)], [0, 0], "a title that ignores the result sees none");
}

#[test]
fn an_address_maps_to_a_reachable_console() {
    let mut b = Harness::new();
    let own = b.at(INTO);
    let id = b.at(0x100);
    let ip = b.at(0x110);
    b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]);
    b.memory().write(b.scratch.offset(0x100), 7_u64).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetXnAddrToInAddr", &[1, own, id, ip]), 0);
    let address = u64::from(b.word(0x110));
    assert_eq!(address, 0x7F00_0001);
    let back = b.at(0x200);
    let key = b.at(0x300);
    assert_eq!(b.xam_call("NetDll_XNetInAddrToXnAddr", &[1, address, back, key]), 0);
    assert_eq!((b.word(0x200), b.word(0x208), b.word(0x304)), (b.word(INTO), b.word(INTO + 8), 7));
    assert_eq!(b.xam_call("NetDll_XNetGetConnectStatus", &[1, address]), 0);
    assert_eq!(b.xam_call("NetDll_XNetConnect", &[1, address]), 0);
    assert_eq!(b.xam_call("NetDll_XNetGetConnectStatus", &[1, address]), 2);
    // Titles ask for the same address repeatedly.
    assert_eq!(b.xam_call("NetDll_XNetXnAddrToInAddr", &[1, own, id, ip]), 0);
    assert_eq!(b.xam_call("NetDll_XNetGetConnectStatus", &[1, address]), 2);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterInAddr", &[1, address]), 0);
    assert_eq!(b.xam_call("NetDll_XNetUnregisterInAddr", &[1, address]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetGetConnectStatus", &[1, address]), 3);
    assert_eq!(b.xam_call("NetDll_XNetConnect", &[1, address]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetInAddrToXnAddr", &[1, 0xC000_0201, back, key]), INVALID);
    b.memory().write(b.scratch.offset(INTO), 0xC000_0201_u32).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetXnAddrToInAddr", &[1, own, id, ip]), 10065);
    assert_eq!(b.xam_call("NetDll_XNetInAddrToString", &[1, 0xC000_0201, back, 10]), 0);
    assert_eq!(b.memory().read_c_string(b.scratch.offset(0x200), 16).unwrap(), b"192.0.2.1");
    assert_eq!(b.xam_call("NetDll_XNetInAddrToString", &[1, 0xC000_0201, back, 9]), 10040);
}

#[test]
fn a_message_to_a_console_starts_the_connection() {
    const CONSOLE: u64 = 0x7F00_0001;
    let mut b = Harness::online();
    let own = b.at(INTO);
    let id = b.at(0xA00);
    let ip = b.at(0xA10);
    b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]);
    let socket = b.bound(DATAGRAM, 1000);
    let text = b.put_text(DATA, "x");
    let ways: [fn(&mut Harness, u64, u64); 3] = [
        |b, socket, text| {
            let [to, size] = b.put_address(0x7F00_0001, 1000);
            assert_eq!(b.net("NetDll_sendto", &[1, socket, text, 1, 0, to, size]), 1);
        },
        |b, socket, text| assert_eq!(b.net("NetDll_recv", &[1, socket, text, 1, 0]), 1),
        |b, _, _| {
            b.pair();
        },
    ];
    for way in ways {
        assert_eq!(b.xam_call("NetDll_XNetXnAddrToInAddr", &[1, own, id, ip]), 0);
        assert_eq!(b.xam_call("NetDll_XNetGetConnectStatus", &[1, CONSOLE]), 0, "idle");
        way(&mut b, socket, text);
        assert_eq!(b.xam_call("NetDll_XNetGetConnectStatus", &[1, CONSOLE]), 2, "connected");
        assert_eq!(b.xam_call("NetDll_XNetUnregisterInAddr", &[1, CONSOLE]), 0);
    }
}

#[test]
fn names_are_looked_up_and_released() {
    let mut b = Harness::new();
    let result = b.at(0x100);
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    for (name, status, count) in [("localhost", 0, 1), ("10.0.0.7", 0, 1), ("example.org", 11001, 0)] {
        let text = b.put_text(DATA, name);
        assert_eq!(b.xam_call("NetDll_XNetDnsLookup", &[1, text, event, result]), 0);
        let found = GuestAddr(b.word(0x100));
        let word = |b: &Harness, offset| b.memory().read::<u32>(found.offset(offset)).unwrap();
        assert_eq!((word(&b, 0), word(&b, 4)), (status, count), "{name}");
        let query = b.at(0x200);
        assert_eq!(b.status("NtQueryEvent", &[event, query]), NtStatus::SUCCESS);
        assert_eq!(b.word(0x204), 1);
        assert_eq!(b.xam_call("NetDll_XNetDnsRelease", &[1, u64::from(found.0)]), 0);
        assert_eq!(b.xam_call("NetDll_XNetDnsRelease", &[1, u64::from(found.0)]), INVALID);
    }
    let text = b.put_text(DATA, "localhost");
    assert_eq!(b.xam_call("NetDll_XNetDnsLookup", &[1, text, 0x1234, result]), 6);
    for _ in 0..16 {
        assert_eq!(b.xam_call("NetDll_XNetDnsLookup", &[1, text, 0, result]), 0);
    }
    assert_eq!(b.xam_call("NetDll_XNetDnsLookup", &[1, text, event, result]), 10055);
    let query = b.at(0x200);
    assert_eq!(b.status("NtQueryEvent", &[event, query]), NtStatus::SUCCESS);
    assert_eq!((b.word(0x100), b.word(0x204)), (0, 1), "no result, and the event is still set");
}

#[test]
fn qos_lookups_end_without_replies() {
    let mut b = Harness::new();
    let id = b.at(0x100);
    let data = b.at(DATA);
    let result = b.at(0x110);
    let statistics = b.at(0x120);
    b.memory().write(b.scratch.offset(0x120), 0x24_u32).unwrap();
    assert_eq!(b.xam_call("NetDll_XNetQosGetListenStats", &[1, id, statistics]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetQosListen", &[1, id, data, 256, 0, 1 | 4]), 0);
    assert_eq!(b.xam_call("NetDll_XNetQosListen", &[1, id, data, 257, 0, 4]), 10055);
    assert_eq!(b.xam_call("NetDll_XNetQosListen", &[1, id, data, 0, 0, 3]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetQosGetListenStats", &[1, id, statistics]), 0);
    assert_eq!(b.xam_call("NetDll_XNetQosListen", &[1, id, 0, 0, 0, 0x10]), 0);
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    // This console, of which no session answers, and one that is not on the network.
    let own = b.at(INTO);
    b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]);
    b.memory().write(b.scratch.offset(INTO + 0x40), 0xC000_0201_u32).unwrap();
    let addresses = put_pointers(&b, 0x900, [own, own + 0x40]);
    let ids = put_pointers(&b, 0x910, [id, id]);
    let lookup = [1, 2, addresses, ids, data, 1, 0, 0, 4, 0, 0, event, result];
    assert_eq!(b.xam_call("NetDll_XNetQosLookup", &lookup), 0);
    let answer = GuestAddr(b.word(0x110));
    let word = |b: &Harness, offset| b.memory().read::<u32>(answer.offset(offset)).unwrap();
    assert_eq!((word(&b, 0), word(&b, 4)), (3, 0), "all, none of them pending");
    for entry in [8, 0x20, 0x38] {
        assert_eq!(word(&b, entry), 0x0100_0004, "over without an answer");
    }
    assert_eq!(b.xam_call("NetDll_XNetQosRelease", &[1, u64::from(answer.0)]), 0);
    assert_eq!(b.xam_call("NetDll_XNetQosRelease", &[1, u64::from(answer.0)]), INVALID);
    assert_eq!(b.xam_call("NetDll_XNetQosServiceLookup", &[1, 0, event, result]), 0);
    let answer = GuestAddr(b.word(0x110));
    let words: [u32; 3] = [0, 4, 8].map(|at| b.memory().read(answer.offset(at)).unwrap());
    assert_eq!(words, [1, 0, 0x0100_0000], "one, over without an answer");
    for (consoles, gateways, addresses, error) in
        [(65, 0, 8, 10055), (64, u64::MAX, 8, 10055), (1, 0, 8, 10014)]
    {
        let lookup = [1, consoles, addresses, ids, data, gateways, 0, 0, 4, 0, 0, 0, result];
        assert_eq!(b.xam_call("NetDll_XNetQosLookup", &lookup), error, "{consoles} {gateways}");
    }
    // A result that can't be stored takes no memory, nor does one whose event is invalid.
    let blocks = b.kernel.pool.lock().blocks();
    assert_eq!(b.xam_call("NetDll_XNetQosServiceLookup", &[1, 0, event, 4]), 10014);
    assert_eq!(b.xam_call("NetDll_XNetQosServiceLookup", &[1, 0, 0x1234, result]), 6);
    assert_eq!(b.kernel.pool.lock().blocks(), blocks);
}

#[test]
fn sessions_of_this_console_answer_its_own_probes() {
    let mut b = Harness::new();
    let own = b.at(INTO);
    let id = b.at(0x100);
    let result = b.at(0x110);
    let query = b.at(0x200);
    let data = b.put_text(DATA, "hello");
    b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]);
    b.memory().write(b.scratch.offset(0x100), 7_u64).unwrap();
    let addresses = put_pointers(&b, 0x900, [own, own]);
    let ids = put_pointers(&b, 0x910, [id, id]);
    let event = b.xam_call("NetDll_WSACreateEvent", &[]);
    assert_eq!(b.xam_call("NetDll_XNetQosListen", &[1, id, data, 5, 0, 1 | 4]), 0);
    let lookup = [1, 1, addresses, ids, 0, 0, 0, 0, 4, 0, 0, event, result];
    let words = |b: &Harness| -> [u32; 8] {
        let answer = GuestAddr(b.word(0x110));
        std::array::from_fn(|index| b.memory().read(answer.offset(4 * index as u32)).unwrap())
    };
    assert_eq!(b.xam_call("NetDll_XNetQosLookup", &lookup), 0);
    let found = words(&b);
    let text = b.word(0x110) + 0x20;
    assert_eq!(found, [1, 0, 0x0B00_0004, 0x0004_0005, text, 0x0001_0001, 100_000_000, 100_000_000]);
    let mut bytes = [0; 5];
    b.memory().read_bytes(GuestAddr(text), &mut bytes).unwrap();
    assert_eq!(&bytes, b"hello");
    assert_eq!(b.status("NtQueryEvent", &[event, query]), NtStatus::SUCCESS);
    assert_eq!(b.word(0x204), 1, "signalled");
    // It no longer answers.
    assert_eq!(b.xam_call("NetDll_XNetQosListen", &[1, id, 0, 0, 0, 2]), 0);
    assert_eq!(b.xam_call("NetDll_XNetQosLookup", &lookup), 0);
    assert_eq!(words(&b)[..5], [1, 0, 0x0700_0004, 0x0004_0000, 0]);
}

#[test]
fn the_port_of_system_link_is_for_titles_that_may_choose_it() {
    let mut b = Harness::new();
    let port = b.at(0x100);
    assert_eq!(b.xam_call("NetDll_XNetGetSystemLinkPort", &[1, port]), 10013);
    assert_eq!(b.xam_call("NetDll_XNetSetSystemLinkPort", &[1, 4000]), 10013);
    give_privilege(&mut b, 14);
    assert_eq!(b.xam_call("NetDll_XNetGetSystemLinkPort", &[1, port]), 0);
    assert_eq!(b.word(0x100) >> 16, 3074);
    assert_eq!(b.xam_call("NetDll_XNetSetSystemLinkPort", &[1, 4000]), 0);
    assert_eq!(b.xam_call("NetDll_XNetGetSystemLinkPort", &[1, port]), 0);
    assert_eq!(b.word(0x100) >> 16, 4000);
}
