//! Tests of HTTP without a connection.

use super::*;

const INVALID_PARAMETER: u32 = 0x57;
const INSUFFICIENT_BUFFER: u32 = 0x7A;
const INVALID_URL: u32 = 12_005;
const UNRECOGNIZED_SCHEME: u32 = 12_006;
const NAME_NOT_RESOLVED: u32 = 12_007;
const INVALID_OPTION: u32 = 12_009;
const INCORRECT_HANDLE_TYPE: u32 = 12_018;
const INCORRECT_HANDLE_STATE: u32 = 12_019;
const ASYNCHRONOUS: u64 = 0x1000_0000;
const REQUEST_ERROR: u64 = 0x20_0000;
const CALLBACK: u64 = 0x8200_0100;
/// Flags of `XHttpCrackUrl`.
const REJECT_USER: u64 = 0x4000;
const DECODE: u64 = 0x1000_0000;
const ESCAPE: u64 = 0x8000_0000;
/// Size of `URL_COMPONENTS`.
const COMPONENTS: u32 = 0x3C;

/// Calls of HTTP.
trait HttpCalls {
    /// Opens a session with these flags and callback, its connection and a request; returns their
    /// handles.
    fn open_http(&mut self, flags: u64, callback: u64) -> [u64; 3];

    /// Checks that a call returns 0 and sets this error.
    fn fails(&mut self, name: &str, arguments: &[u64], error: u32);

    fn send_request(&mut self, request: u64) -> u64;
}

impl HttpCalls for Harness {
    fn open_http(&mut self, flags: u64, callback: u64) -> [u64; 3] {
        assert_eq!(self.xam_call("NetDll_XHttpStartup", &[1, 0, 0]), 1);
        let text = self.put_text(DATA, "a.example");
        let session = self.xam_call("NetDll_XHttpOpen", &[1, text, 0, 0, 0, flags]);
        let set = [1, session, callback, REQUEST_ERROR, 0];
        assert_eq!(self.xam_call("NetDll_XHttpSetStatusCallback", &set), 0, "there was none");
        let connection = self.xam_call("NetDll_XHttpConnect", &[1, session, text, 80, 0]);
        let request = self.xam_call("NetDll_XHttpOpenRequest", &[1, connection, text, text, 0, 0, 0, 0]);
        assert!(session != 0 && connection != 0 && request != 0);
        [session, connection, request]
    }

    fn fails(&mut self, name: &str, arguments: &[u64], error: u32) {
        assert_eq!(self.xam_call(name, arguments), 0, "{name} {arguments:x?}");
        assert_eq!(self.last_error(), error, "{name} {arguments:x?}");
    }

    fn send_request(&mut self, request: u64) -> u64 {
        self.xam_call("NetDll_XHttpSendRequest", &[1, request, 0, 0, 0, 0, 0, 77])
    }
}

#[test]
fn a_request_of_a_synchronous_session_fails_at_once() {
    let mut b = Harness::new();
    let [session, connection, request] = b.open_http(0, CALLBACK);
    assert_eq!(b.send_request(request), 0);
    assert_eq!(b.last_error(), NAME_NOT_RESOLVED);
    assert_eq!(b.xam_call("NetDll_XHttpDoWork", &[1, session, 0]), 1);
    for name in [
        "NetDll_XHttpReceiveResponse",
        "NetDll_XHttpQueryHeaders",
        "NetDll_XHttpReadData",
        "NetDll_XHttpWriteData",
        "NetDll_XHttpQueryAuthSchemes",
    ] {
        b.fails(name, &[1, request, 0, 0, 0, 0], INCORRECT_HANDLE_STATE);
        b.fails(name, &[1, connection, 0, 0, 0, 0], INCORRECT_HANDLE_TYPE);
    }
    assert_eq!(b.xam_call("NetDll_XHttpSetOption", &[1, session, 2, 0, 0]), 1);
    assert_eq!(b.xam_call("NetDll_XHttpSetCredentials", &[1, request, 0, 1, 0, 0, 0]), 1);
    b.fails("NetDll_XHttpQueryOption", &[1, session, 2, 0, 0], INVALID_OPTION);
    b.xam_call("NetDll_XHttpShutdown", &[1]);
}

#[test]
fn handles_have_kinds_until_they_are_closed() {
    let mut b = Harness::new();
    let [session, connection, request] = b.open_http(0, CALLBACK);
    let text = b.put_text(DATA, "a.example");
    b.fails("NetDll_XHttpConnect", &[1, connection, text, 80, 0], INCORRECT_HANDLE_TYPE);
    b.fails("NetDll_XHttpConnect", &[1, session, 0, 80, 0], INVALID_PARAMETER);
    b.fails("NetDll_XHttpOpenRequest", &[1, session], INCORRECT_HANDLE_TYPE);
    b.fails("NetDll_XHttpDoWork", &[1, request, 0], INCORRECT_HANDLE_TYPE);
    b.fails("NetDll_XHttpSetCredentials", &[1, session], INCORRECT_HANDLE_TYPE);
    let second = b.xam_call("NetDll_XHttpOpenRequestUsingMemory", &[1, connection]);
    assert_ne!(second, 0);
    let set = |handle| [1, handle, 0, 0, 0];
    assert_eq!(b.xam_call("NetDll_XHttpSetStatusCallback", &set(second)), CALLBACK, "inherited");
    assert_eq!(b.xam_call("NetDll_XHttpSetStatusCallback", &set(7)), 0xFFFF_FFFF);
    for handle in [session, connection, request, second] {
        assert_eq!(b.xam_call("NetDll_XHttpCloseHandle", &[1, handle]), 1);
        b.fails("NetDll_XHttpCloseHandle", &[1, handle], INCORRECT_HANDLE_TYPE);
    }
    // A block of the title's that is not a handle.
    let base = b.at(INTO);
    assert_eq!(b.xam_call("XamAlloc", &[0, 0x1C, base]), 0);
    let block = u64::from(b.word(INTO));
    b.fails("NetDll_XHttpCloseHandle", &[1, block], INCORRECT_HANDLE_TYPE);
}

#[test]
fn an_asynchronous_request_reports_its_error_to_the_callback_once() {
    let mut b = Harness::new();
    let [session, _, request] = b.open_http(ASYNCHRONOUS, CALLBACK);
    assert_eq!(b.send_request(request), 1);
    assert_eq!(b.send_request(request), 0, "a report is due");
    let flow = b.call(Library::xam, "NetDll_XHttpDoWork", &[1, session, 0]);
    let Flow::CallGuest(guest) = flow else { panic!("{flow:?}") };
    let &[handle, context, status, result, size] = &guest.args[..] else { panic!("{guest:?}") };
    assert_eq!(u64::from(guest.pc.0), CALLBACK);
    assert_eq!((handle, context, status, size), (request, 77, REQUEST_ERROR, 8));
    let word = |at| b.memory().read::<u32>(GuestAddr(result as u32 + at)).unwrap();
    assert_eq!((word(0), word(4)), (5, NAME_NOT_RESOLVED));
    assert!(matches!(b.resume(guest.then, 0), Flow::Return(1)));
    assert_eq!(b.xam_call("NetDll_XHttpDoWork", &[1, session, 0]), 1);
}

#[test]
fn a_request_that_was_never_sent_reports_nothing() {
    let mut b = Harness::new();
    let [session, connection, request] = b.open_http(ASYNCHRONOUS, CALLBACK);
    assert_eq!(b.send_request(request), 1);
    for handle in [connection, request] {
        assert_eq!(b.xam_call("NetDll_XHttpCloseHandle", &[1, handle]), 1);
    }
    let text = b.put_text(DATA, "a.example");
    let connection = b.xam_call("NetDll_XHttpConnect", &[1, session, text, 80, 0]);
    let next = b.xam_call("NetDll_XHttpOpenRequest", &[1, connection, text, text, 0, 0, 0, 0]);
    assert_eq!(next, request, "the handle is used again");
    assert_eq!(b.xam_call("NetDll_XHttpDoWork", &[1, session, 0]), 1);
}

#[test]
fn a_call_for_work_waits_10_ms_at_most() {
    let mut b = Harness::new();
    let [session, _, _] = b.open_http(ASYNCHRONOUS, CALLBACK);
    for (milliseconds, ticks) in [(7, -70_000_i32), (1000, -100_000), (0xFFFF_FFFF, -100_000)] {
        let flow = b.call(Library::xam, "NetDll_XHttpDoWork", &[1, session, milliseconds]);
        let Flow::CallGuest(delay) = flow else { panic!("{flow:?}") };
        assert_eq!(delay.locals, [u32::MAX, ticks.cast_unsigned()], "{milliseconds}");
        assert!(matches!(b.resume(delay.then, 0), Flow::Return(1)), "{milliseconds}");
    }
}

#[test]
fn a_request_that_is_closed_or_has_no_callback_reports_nothing() {
    let mut b = Harness::new();
    let [session, _, request] = b.open_http(ASYNCHRONOUS, CALLBACK);
    assert_eq!(b.send_request(request), 1);
    assert_eq!(b.xam_call("NetDll_XHttpCloseHandle", &[1, request]), 1);
    assert_eq!(b.xam_call("NetDll_XHttpDoWork", &[1, session, 0]), 1);
    let [_, _, request] = b.open_http(ASYNCHRONOUS, 0);
    assert_eq!(b.send_request(request), 0);
    assert_eq!(b.last_error(), NAME_NOT_RESOLVED);
}

#[test]
fn a_url_is_separated_into_buffers_and_places() {
    let mut b = Harness::new();
    let narrow = b.put_text(DATA, "http://a.example/b?c");
    let wide = b.put_wide_text(DATA + 0x100, "http://a.example/b?c");
    let at = b.at(INTO);
    let buffer = b.scratch.offset(INTO + 0x100);
    let prepare = |b: &Harness, words: &[[u32; 2]]| {
        b.memory().fill(b.scratch.offset(INTO), COMPONENTS, 0).unwrap();
        for [offset, word] in words.iter().copied().chain([[0, COMPONENTS]]) {
            b.memory().write(b.scratch.offset(INTO + offset), word).unwrap();
        }
    };
    // The host in a buffer, path and query as places.
    prepare(&b, &[[0x10, buffer.0], [0x14, 10], [0x30, 1], [0x38, 1]]);
    assert_eq!(b.xam_call("NetDll_XHttpCrackUrl", &[1, narrow, 0, 0, at]), 1);
    assert_eq!((b.word(INTO + 0xC), b.word(INTO + 0x18) >> 16), (1, 80));
    assert_eq!(b.memory().read_c_string(buffer, 20).unwrap(), b"a.example");
    let words = |b: &Harness| [0x14, 0x1C, 0x2C, 0x30, 0x34, 0x38].map(|at| b.word(INTO + at));
    assert_eq!(words(&b), [9, 0, narrow as u32 + 16, 2, narrow as u32 + 18, 2]);
    // A query that is not wanted belongs to the path; a length ends the URL.
    for (length, path) in [(0, 4), (17, 1)] {
        prepare(&b, &[[0x20, 1], [0x30, 1]]);
        assert_eq!(b.xam_call("NetDll_XHttpCrackUrlW", &[1, wide, length, 0, at]), 1, "{length}");
        assert_eq!(words(&b), [0, 0, wide as u32 + 32, path, 0, 0], "{length}");
    }
    prepare(&b, &[[0x10, buffer.0], [0x14, 9]]);
    b.fails("NetDll_XHttpCrackUrlW", &[1, wide, 0, 0, at], INSUFFICIENT_BUFFER);
    assert_eq!(b.word(INTO + 0x14), 10);
    b.fails("NetDll_XHttpCrackUrl", &[1, at, 0, 0, at], UNRECOGNIZED_SCHEME);
    b.fails("NetDll_XHttpCrackUrl", &[1, 0, 0, 0, at], INVALID_PARAMETER);
    for (text, flag, path) in [("http://a/b%41?c", DECODE, "/bA?c"), ("http://a/b c%41", ESCAPE, "/b%20c%41")]
    {
        let wide = b.put_wide_text(DATA + 0x100, text);
        // A missing user needs no buffer.
        prepare(&b, &[[0x20, 1], [0x2C, buffer.0], [0x30, 20]]);
        assert_eq!(b.xam_call("NetDll_XHttpCrackUrlW", &[1, wide, 0, flag, at]), 1, "{text}");
        let found = b.memory().read_wide_string(buffer, 20).unwrap();
        assert_eq!(String::from_utf16_lossy(&found), path, "{text}");
        assert_eq!(b.word(INTO + 0x30), path.len() as u32, "{text}");
        prepare(&b, &[[0x30, 1]]);
        b.fails("NetDll_XHttpCrackUrlW", &[1, wide, 0, flag, at], INVALID_PARAMETER);
    }
    prepare(&b, &[]);
    let user = b.put_text(DATA, "http://me@a/");
    assert_eq!(b.xam_call("NetDll_XHttpCrackUrl", &[1, user, 0, 0, at]), 1);
    b.fails("NetDll_XHttpCrackUrl", &[1, user, 0, REJECT_USER, at], INVALID_URL);
    prepare(&b, &[]);
    b.memory().write(b.scratch.offset(INTO), 0x38_u32).unwrap();
    b.fails("NetDll_XHttpCrackUrl", &[1, narrow, 0, 0, at], INVALID_PARAMETER);
}
