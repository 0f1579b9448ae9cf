//! Tests of multiplayer sessions.

use super::*;
use xenia_user::profile::Profile;

const MESSAGE: u32 = 0x100;
const RESULTS: u32 = 0x200;
const INFO: u32 = 0x300;
const NONCE: u32 = 0x340;
const LISTS: u32 = 0x400;
const ROOM: u32 = 0x4F0;
const DETAILS: u32 = 0x500;
const OBJECT: u32 = 0x800;

/// Messages of `XSessionCreate` and the functions after it.
const CREATE: u64 = 0xB_0010;
const DELETE: u64 = 0xB_0011;
const JOIN: u64 = 0xB_0012;
const LEAVE: u64 = 0xB_0013;
const START: u64 = 0xB_0014;
const END: u64 = 0xB_0015;
const MODIFY: u64 = 0xB_0018;
const GET_DETAILS: u64 = 0xB_001D;
const MIGRATE_HOST: u64 = 0xB_001E;

const NOT_FOUND: u32 = 0x8015_5200;
const FULL: u32 = 0x8015_5202;
const WRONG_STATE: u32 = 0x8015_5206;
const NOT_LOGGED_ON: u32 = 0x8015_5209;
const INVALID_ARGUMENT: u32 = 0x8007_0057;
const SMALL_BUFFER: u32 = 0x8007_007A;
const NO_SUCH_USER: u32 = 0x8007_0525;

fn at(b: &Harness, offset: u32) -> u32 {
    b.scratch.offset(offset).0
}

fn send(b: &mut Harness, message: u64, words: &[u32]) -> u32 {
    for (index, word) in words.iter().enumerate() {
        b.memory().write(b.scratch.offset(MESSAGE + 4 * index as u32), *word).unwrap();
    }
    let buffer = u64::from(at(b, MESSAGE));
    b.xam_call("XMsgInProcessCall", &[0xFB, message, buffer, 4 * words.len() as u64]) as u32
}

/// Creates a handle and its object.
fn object(b: &mut Harness) -> (u64, u32) {
    let handle_at = u64::from(at(b, OBJECT));
    let object_at = u64::from(at(b, OBJECT + 4));
    assert_eq!(b.xam_call("XamSessionCreateHandle", &[handle_at]), 0);
    let handle = u64::from(b.word(OBJECT));
    assert_eq!(b.xam_call("XamSessionRefObjByHandle", &[handle, object_at]), 0);
    let body = b.word(OBJECT + 4);
    assert_eq!(u64::from(b.memory().read::<u32>(GuestAddr(body)).unwrap()), handle);
    (handle, body)
}

fn create(b: &mut Harness, body: u32, flags: u32, slots: [u32; 2], user: u32) -> u32 {
    let info = at(b, INFO);
    let nonce = at(b, NONCE);
    send(b, CREATE, &[body, flags, slots[0], slots[1], user, info, nonce])
}

/// Sends [`JOIN`] or [`LEAVE`] for users of this console.
fn users(b: &mut Harness, message: u64, body: u32, users: &[u32], private: u32) -> u32 {
    let lists = at(b, LISTS);
    for (index, user) in users.iter().enumerate() {
        b.memory().write(b.scratch.offset(LISTS + 4 * index as u32), *user).unwrap();
        b.memory().write(b.scratch.offset(LISTS + 0x40 + 4 * index as u32), private).unwrap();
    }
    send(b, message, &[body, users.len() as u32, 0, lists, lists + 0x40])
}

/// Sends [`JOIN`] or [`LEAVE`] for a user of another console.
fn remote(b: &mut Harness, message: u64, body: u32, xuid: u64) -> u32 {
    b.memory().write(b.scratch.offset(LISTS), xuid).unwrap();
    let lists = at(b, LISTS);
    send(b, message, &[body, 1, lists, 0, 0])
}

/// Asks for the details, with a pointer to the size of the buffer.
fn details(b: &mut Harness, body: u32, size: u32) -> u32 {
    b.memory().write(b.scratch.offset(ROOM), size).unwrap();
    let room = at(b, ROOM);
    let details = at(b, DETAILS);
    send(b, GET_DETAILS, &[body, room, details])
}

#[test]
fn a_session_is_made_played_and_over() {
    let mut b = Harness::new();
    let (_, body) = object(&mut b);
    assert_eq!(create(&mut b, body, 0x21, [2, 1], 0), 0);
    let id = b.word(INFO);
    assert_eq!((id >> 28, b.word(INFO + 8)), (0, 0x7F00_0001), "of a network without the service");
    for offset in [INFO + 4, NONCE, INFO + 0x2C] {
        assert_ne!(b.word(offset), 0, "{offset:#x}");
    }
    assert_eq!(create(&mut b, body, 0x21, [2, 1], 0), WRONG_STATE);
    assert_eq!(users(&mut b, JOIN, body, &[0], 1), 0);
    for (xuid, answer) in [(0xE000_0000_0000_0005, 0), (0xE000_0000_0000_0006, 0), (7, FULL)] {
        assert_eq!(remote(&mut b, JOIN, body, xuid), answer, "{xuid:#x}");
    }
    assert_eq!(send(&mut b, START, &[body, 0]), 0);
    assert_eq!(details(&mut b, body, 0x80 + 0x20), 0);
    let words = [0, 0xC, 0x10, 0x14, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x38].map(|at| b.word(DETAILS + at));
    assert_eq!(words, [0, 0x21, 2, 1, 0, 0, 3, 2, 2, id]);
    let list = b.word(DETAILS + 0x7C);
    assert_eq!(list, at(&b, DETAILS + 0x80));
    let first: u64 = b.memory().read(GuestAddr(list)).unwrap();
    assert_eq!((first, b.word(DETAILS + 0x88), b.word(DETAILS + 0x8C)), (Profile::made_for(0).xuid.0, 0, 1));
    assert_eq!((b.word(DETAILS + 0x98), b.word(DETAILS + 0x9C)), (0xFE, 0), "at another console");
    assert_eq!(send(&mut b, START, &[body, 0]), WRONG_STATE);
    assert_eq!(send(&mut b, END, &[body]), 0);
    assert_eq!(send(&mut b, END, &[body]), WRONG_STATE);
    assert_eq!(users(&mut b, LEAVE, body, &[0], 0), 0);
    assert_eq!(remote(&mut b, LEAVE, body, 0xE000_0000_0000_0005), 0);
    assert_eq!(send(&mut b, MODIFY, &[body, 0x20, 4, 4]), 0);
    assert_eq!(send(&mut b, MODIFY, &[body, 0x20, 0, 4]), INVALID_ARGUMENT, "somebody is in it");
    let info = at(&b, INFO);
    assert_eq!(send(&mut b, MIGRATE_HOST, &[body, info, 0]), 0);
    assert_eq!(send(&mut b, MIGRATE_HOST, &[body, 0, 0]), 0x8000_4005);
    assert_eq!(details(&mut b, body, 0x80), 0);
    let words = [0x10, 0x18, 0x1C, 0x20, 0x24, 0x28, 0x7C].map(|at| b.word(DETAILS + at));
    assert_eq!(words, [4, 3, 4, 1, 0, 3, 0]);
    assert_eq!(b.word(DETAILS + 0x38), b.word(INFO), "the id after the host has changed");
    assert_eq!(details(&mut b, body, 0x7F), SMALL_BUFFER);
    assert_eq!(send(&mut b, DELETE, &[body]), 0);
    assert_eq!(send(&mut b, DELETE, &[body]), NOT_FOUND);
    for message in [START, END, MODIFY] {
        assert_eq!(send(&mut b, message, &[body, 0, 1, 1]), NOT_FOUND, "{message:#x}");
    }
    assert_eq!(details(&mut b, body, 0x80), NOT_FOUND);
}

#[test]
fn details_fill_the_buffer_and_return_the_size_of_all_members() {
    let mut b = Harness::new();
    let (_, body) = object(&mut b);
    assert_eq!(create(&mut b, body, 0x21, [2, 0], 0), 0);
    assert_eq!(users(&mut b, JOIN, body, &[0], 0), 0);
    assert_eq!(remote(&mut b, JOIN, body, 0xE000_0000_0000_0005), 0);
    // Behind a structure without room for members is the title's stack.
    b.memory().fill(b.scratch.offset(DETAILS + 0x80), 0x40, 7).unwrap();
    assert_eq!(details(&mut b, body, 0x80), 0);
    assert_eq!([0x20, 0x24, 0x7C].map(|at| b.word(DETAILS + at)), [2, 0, 0]);
    assert_eq!((b.word(DETAILS + 0x80), b.word(ROOM)), (0x0707_0707, 0xA0));
    assert_eq!(details(&mut b, body, 0x9F), 0);
    assert_eq!((b.word(DETAILS + 0x24), b.word(DETAILS + 0x90)), (1, 0x0707_0707));
    // A call for the size alone.
    b.memory().write(b.scratch.offset(ROOM), 0_u32).unwrap();
    let room = at(&b, ROOM);
    assert_eq!(send(&mut b, GET_DETAILS, &[body, room, 0]), SMALL_BUFFER);
    assert_eq!(b.word(ROOM), 0xA0);
    assert_eq!(send(&mut b, GET_DETAILS, &[body, 0, 0]), INVALID_ARGUMENT);
}

#[test]
fn joined_remote_session_keeps_its_address() {
    let mut b = Harness::new();
    let (_, body) = object(&mut b);
    for (offset, word) in [(INFO, 0x0123_4567_u32), (INFO + 0x2C, 9), (NONCE, 5)] {
        b.memory().write(b.scratch.offset(offset), word).unwrap();
    }
    assert_eq!(create(&mut b, body, 0x20, [4, 0], 0), 0);
    assert_eq!(details(&mut b, body, 0x80), 0);
    let words = [0, 0x30, 0x38, 0x64].map(|at| b.word(DETAILS + at));
    assert_eq!(words, [0xFE, 5, 0x0123_4567, 9], "no user of this console is the host");
}

#[test]
fn a_session_without_a_network_is_made_here() {
    let mut b = Harness::new();
    let (_, body) = object(&mut b);
    b.memory().fill(b.scratch.offset(INFO), 0x48, 0xEE).unwrap();
    assert_eq!(create(&mut b, body, 0, [4, 0], 0), 0);
    assert_eq!((b.word(INFO) >> 28, b.word(INFO + 8)), (0, 0x7F00_0001));
    for offset in [INFO + 4, NONCE] {
        assert_ne!(b.word(offset), 0xEEEE_EEEE, "{offset:#x} is left");
    }
    assert_eq!(details(&mut b, body, 0x80), 0);
    let words = [0, 0xC, 0x30, 0x38].map(|at| b.word(DETAILS + at));
    assert_eq!(words, [0, 0, b.word(NONCE), b.word(INFO)]);
}

/// The words of an `XNADDR`.
fn console(b: &Harness, from: u32) -> [u32; 9] {
    std::array::from_fn(|index| b.word(from + 4 * index as u32))
}

#[test]
fn a_session_has_the_address_of_its_host() {
    let mut b = Harness::new();
    let own = u64::from(at(&b, RESULTS));
    assert_eq!(b.xam_call("NetDll_XNetGetTitleXnAddr", &[1, own]), 6);
    let (_, body) = object(&mut b);
    assert_eq!(create(&mut b, body, 0x21, [2, 0], 0), 0);
    assert_eq!(console(&b, INFO + 8), console(&b, RESULTS));
    assert_eq!(details(&mut b, body, 0x80), 0);
    assert_eq!(console(&b, DETAILS + 0x40), console(&b, RESULTS));
    // The session of another console.
    let (_, body) = object(&mut b);
    let host: [u32; 9] = [0xC0A8_0114, 0, 0x22, 0x4800_0002, 5, 6, 7, 8, 9];
    for (index, word) in (0..).zip(host) {
        b.memory().write(b.scratch.offset(INFO + 8 + 4 * index), word).unwrap();
    }
    assert_eq!(create(&mut b, body, 0x20, [2, 0], 0), 0);
    assert_eq!(details(&mut b, body, 0x80), 0);
    assert_eq!(console(&b, DETAILS + 0x40), host);
}

#[test]
fn a_session_follows_its_host_to_another_console() {
    let mut b = Harness::new();
    let (_, body) = object(&mut b);
    assert_eq!(create(&mut b, body, 0x21, [4, 0], 0), 0);
    for (offset, word) in [(INFO, 0x0123_4567_u32), (INFO + 8, 0xC0A8_0114), (INFO + 0x2C, 9)] {
        b.memory().write(b.scratch.offset(offset), word).unwrap();
    }
    let info = at(&b, INFO);
    assert_eq!(send(&mut b, MIGRATE_HOST, &[body, info, 0xFE]), 0);
    assert_eq!((b.word(INFO), b.word(INFO + 8)), (0x0123_4567, 0xC0A8_0114));
    assert_eq!(details(&mut b, body, 0x80), 0);
    let words = [0, 0xC, 0x38, 0x40, 0x64].map(|at| b.word(DETAILS + at));
    assert_eq!(words, [0xFE, 0x20, 0x0123_4567, 0xC0A8_0114, 9]);
    assert_eq!(send(&mut b, MIGRATE_HOST, &[body, info, 1]), NO_SUCH_USER);
}

#[test]
fn online_and_invalid_session_calls_fail() {
    let mut b = Harness::new();
    let (handle, body) = object(&mut b);
    for flags in [2, 4, 8, 0x10, 0x21 | 8] {
        assert_eq!(create(&mut b, body, flags, [1, 1], 0), NOT_LOGGED_ON, "{flags:#x}");
    }
    assert_eq!(create(&mut b, body, 1, [1, 1], 1), NO_SUCH_USER);
    assert_eq!(create(&mut b, body, 1, [1, 1], 4), INVALID_ARGUMENT);
    assert_eq!(create(&mut b, body, 1, [65, 1], 0), INVALID_ARGUMENT);
    assert_eq!(create(&mut b, 0x10, 1, [1, 1], 0), INVALID_ARGUMENT, "no object");
    assert_eq!(send(&mut b, CREATE, &[body, 1, 1, 1, 0, 0, 0]), INVALID_ARGUMENT);
    assert_eq!(create(&mut b, body, 1, [1, 1], 0), 0);
    assert_eq!(send(&mut b, MODIFY, &[body, 8, 1, 1]), NOT_LOGGED_ON);
    assert_eq!(users(&mut b, JOIN, body, &[1], 0), NO_SUCH_USER);
    for words in [[body, 0, 1, 0, 0], [body, 129, 1, 0, 0], [body, 1, 0, 0, 0]] {
        assert_eq!(send(&mut b, JOIN, &words), INVALID_ARGUMENT, "{words:x?}");
    }
    for message in [0xB_001A, 0xB_001F, 0xB_0025, 0xB_0026] {
        assert_eq!(send(&mut b, message, &[body, 0, 0]), NOT_LOGGED_ON, "{message:#x}");
    }
    for message in [0xB_0016, 0xB_001B, 0xB_001C, 0xB_0020, 0xB_0060, 0xB_0065] {
        assert_eq!(send(&mut b, message, &[0; 12]), 0x8015_1802, "{message:#x}");
    }
    let results = u64::from(at(&b, RESULTS));
    assert_eq!(b.xam_call("XamSessionCreateHandle", &[0]), 0x57);
    assert_eq!(b.xam_call("XamSessionRefObjByHandle", &[handle, 0]), 0x57);
    assert_eq!(b.xam_call("XamSessionRefObjByHandle", &[0x77, results]), 6);
    // When the handle and the last reference are gone, the object's session is deleted.
    assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
    assert_eq!(details(&mut b, body, 0x80), 0);
    b.kernel_call("ObDereferenceObject", &[u64::from(body)]);
    assert_eq!(details(&mut b, body, 0x80), NOT_FOUND);
}
