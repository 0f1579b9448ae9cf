//! Tests of content of other titles.

use super::*;
use xenia_user::content::{PUBLISHER, PackageHeader, PackageName};
use xenia_user::profile::Xuid;

const OWN: u32 = 0x4541_0001;
const OTHER: u32 = 0x4541_0002;
const STRANGE: u32 = 0x4541_0003;
const ANY: u64 = u64::MAX;
const END: u32 = 0x8007_0012;
const INVALID_ARGUMENT: u32 = 0x8007_0057;
const SYSTEM: u64 = 0xFE;
/// Offset in the scratch memory of a message and its answer.
const MESSAGE: u32 = 0x1400;

/// Creates a machine with a title that may use another's content, with packages of three titles.
fn title() -> Harness {
    let mut b = Harness::new();
    let image = LoadedImage { alternate_titles: vec![TitleId(OTHER), TitleId(OWN)], ..title_image(OWN) };
    b.kernel.load_title(&mut b.scheduler, &image).unwrap();
    let user = Profile::made_for(0).xuid;
    for (owner, title, kind, file) in [
        (Xuid::NOBODY, OWN, 2, "own song"),
        (Xuid::NOBODY, OTHER, 2, "other song"),
        (Xuid::NOBODY, STRANGE, 2, "strange song"),
        (user, OTHER, 1, "other save"),
        (Xuid(77), OTHER, 1, "somebody else's"),
    ] {
        let name = PackageName::new(owner, title, kind, file).unwrap();
        let mut header = PackageHeader::new(owner, &format!("The {file}"));
        header.license = 5;
        b.kernel.files.lock().packages.store.commit(&name, &header).unwrap();
    }
    b
}

/// Creates an enumerator; returns its handle, and the address of its private data, which messages
/// use.
fn list(b: &mut Harness, xuid: u64, kind: u64) -> (u64, u32) {
    let results = at(b, RESULTS);
    assert_eq!(b.xam_call("XamContentAggregateCreateEnumerator", &[xuid, 0, kind, 0, results]), 0);
    let handle = u64::from(b.word(RESULTS));
    let found = b.xam_call("XamGetPrivateEnumStructureFromHandle", &[handle, results]);
    assert_eq!(found, 0);
    let body = b.word(RESULTS);
    b.kernel_call("ObDereferenceObject", &[u64::from(body)]);
    let words: [u32; 6] =
        std::array::from_fn(|index| b.memory().read(GuestAddr(body + 4 * index as u32)).unwrap());
    assert_eq!(words, [0xFE, 0x2_000E, 0x2_0010, 0xFF, 1, 0]);
    (handle, body + 0x18)
}

/// Reads the next item.
fn next(b: &mut Harness, list: u32, size: u32) -> u32 {
    b.memory().fill(b.scratch.offset(BUFFER), 0x400, 0xEE).unwrap();
    let buffer = at(b, BUFFER) as u32;
    let count = at(b, MESSAGE + 0x40) as u32;
    for (index, word) in [0, 0, list, buffer, size, 1, count].into_iter().enumerate() {
        b.memory().write(b.scratch.offset(MESSAGE + 4 * index as u32), word).unwrap();
    }
    let arguments = [SYSTEM, 0x2_000E, at(b, MESSAGE), 0x1C];
    b.xam_call("XMsgInProcessCall", &arguments) as u32
}

/// Returns the names, kinds and titles of all items.
fn all(b: &mut Harness, xuid: u64, kind: u64, size: u32) -> Vec<(String, u32, u32)> {
    let (handle, private) = list(b, xuid, kind);
    let title = if size < 0x200 { 0x134 } else { 0x140 };
    let mut found = Vec::new();
    loop {
        let result = next(b, private, size);
        if result == END {
            assert_eq!(b.word(MESSAGE + 0x40), 0);
            break;
        }
        assert_eq!((result, b.word(MESSAGE + 0x40)), (0, 1));
        let file = b.memory().read_c_string(b.scratch.offset(BUFFER + 0x108), 42).unwrap();
        assert_eq!(b.word(BUFFER + if size < 0x200 { 0x138 } else { 0x200 }), 0xEEEE_EEEE, "not beyond it");
        found.push((String::from_utf8(file).unwrap(), b.word(BUFFER + 4), b.word(BUFFER + title)));
    }
    assert_eq!(b.status("NtClose", &[handle]), NtStatus::SUCCESS);
    assert_eq!(next(b, private, size), INVALID_ARGUMENT, "it is closed");
    found
}

#[test]
fn enumeration_includes_content_of_alternate_titles() {
    let mut b = title();
    let songs = [("own song".to_owned(), 2, OWN), ("other song".to_owned(), 2, OTHER)];
    for size in [0x200, 0x138, 0x1000] {
        assert_eq!(all(&mut b, ANY, 2, size), songs, "{size:#x}");
    }
    assert_eq!(all(&mut b, 0, 2, 0x200), songs);
    let saves = [("other save".to_owned(), 1, OTHER)];
    let user = Profile::made_for(0).xuid.0;
    for xuid in [ANY, user] {
        assert_eq!(all(&mut b, xuid, 1, 0x200), saves);
    }
    assert_eq!(all(&mut b, user, 2, 0x200), [], "everybody's is in no user's list");
    assert_eq!(all(&mut b, 0, 1, 0x200), []);
}

#[test]
fn invalid_lists_of_titles_are_refused() {
    let mut b = title();
    let results = at(&b, RESULTS);
    for (arguments, error) in [([ANY, 7, 2, 0, results], 0x8007_0057), ([ANY, 0, 2, 0, 0], INVALID_PARAMETER)]
    {
        assert_eq!(b.xam_call("XamContentAggregateCreateEnumerator", &arguments), error);
    }
    let (_, private) = list(&mut b, ANY, 2);
    assert_eq!(next(&mut b, private, 0x137), 0x8007_007A);
    for strange in [0, 8, 0x18, private + 4, u32::MAX] {
        assert_eq!(next(&mut b, strange, 0x200), INVALID_ARGUMENT, "{strange:#x}");
    }
    let arguments = [0, 0, 1, 0, 1, 0, at(&b, RESULTS)];
    assert_eq!(b.xam_call("XamContentCreateEnumerator", &arguments), 0);
    let handle = u64::from(b.word(RESULTS));
    assert_eq!(b.xam_call("XamGetPrivateEnumStructureFromHandle", &[handle, results]), 0);
    let other = b.word(RESULTS);
    assert_eq!(next(&mut b, other + 0x18, 0x200), INVALID_ARGUMENT, "it is another list");
    assert_eq!(next(&mut b, private - 0x18, 0x200), 0, "by the body, too");
    let end = [SYSTEM, 0x2_0010, at(&b, MESSAGE), 0x1C];
    assert_eq!((b.xam_call("XMsgInProcessCall", &end), next(&mut b, private, 0x200)), (0, INVALID_ARGUMENT));
    assert_eq!(b.xam_call("XMsgInProcessCall", &end) as u32, INVALID_ARGUMENT);
}

/// Opens the described package, of this owner and title.
fn open(b: &mut Harness, kind: u32, file: &str, (owner, title): (u64, u32), mode: u64) -> u64 {
    let data = describe(b, kind, file.as_bytes(), "");
    b.memory().write(b.scratch.offset(DATA + 0x138), owner).unwrap();
    b.memory().write(b.scratch.offset(DATA + 0x140), title).unwrap();
    let root = b.put_text(ROOT, "song");
    b.xam_call("XamContentCreateInternal", &[root, data, mode, at(b, RESULTS), at(b, RESULTS + 4), 0, 0, 0])
}

#[test]
fn listed_content_opens_and_deletes_by_its_description() {
    let mut b = title();
    let user = Profile::made_for(0).xuid.0;
    for (kind, file, place, answer) in [
        (2, "other song", (0, OTHER), 0),
        (2, "own song", (ANY, u32::MAX), 0),
        (1, "other save", (user, OTHER), 0),
        (2, "own song", (0, OTHER), PATH_NOT_FOUND),
        (2, "strange song", (0, STRANGE), ACCESS_DENIED),
        (1, "somebody else's", (77, OTHER), NO_SUCH_USER),
    ] {
        assert_eq!(open(&mut b, kind, file, place, 3), answer, "{file}");
        if answer == 0 {
            assert_eq!((b.word(RESULTS), b.word(RESULTS + 4)), (2, 5), "{file}");
            assert_eq!(close(&mut b, "song"), 0);
        }
    }
    assert_eq!(open(&mut b, 1, "new", (user, OTHER), 1), 0);
    assert_eq!(write(&mut b, r"song:\a", b"text"), NtStatus::SUCCESS);
    let data = at(&b, DATA);
    assert_eq!(b.xam_call("XamContentDeleteInternal", &[data, 0]), ACCESS_DENIED, "it is open");
    assert_eq!(close(&mut b, "song"), 0);
    assert_eq!(b.xam_call("XamContentDeleteInternal", &[data, 0]), 0);
    assert_eq!(b.xam_call("XamContentDeleteInternal", &[data, 0]), FILE_NOT_FOUND);
    b.memory().write(b.scratch.offset(DATA + 0x140), STRANGE).unwrap();
    assert_eq!(b.xam_call("XamContentDeleteInternal", &[data, 0]), ACCESS_DENIED);
}

#[test]
fn titles_of_a_publisher_share_its_content() {
    let mut b = title();
    let user = Profile::made_for(0).xuid;
    for (title, kind, file) in [
        (OTHER, PUBLISHER, "A"),
        (STRANGE, PUBLISHER, "B"),
        (OWN, PUBLISHER, "b"),
        (0x4542_0001, PUBLISHER, "C"),
        (OTHER, 1, "D"),
    ] {
        let name = PackageName::new(user, title, kind, file).unwrap();
        b.kernel.files.lock().packages.store.commit(&name, &PackageHeader::new(user, "")).unwrap();
    }
    let arguments = [0, 1, 3, 0x1000, 1, 0, at(&b, RESULTS)];
    assert_eq!(b.xam_call("XamContentCreateEnumerator", &arguments), 0);
    let handle = u64::from(b.word(RESULTS));
    let next = [handle, 0, at(&b, BUFFER), 0x134, at(&b, RESULTS), 0];
    let mut found = Vec::new();
    while b.xam_call("XamEnumerate", &next) == 0 {
        found.extend(b.memory().read_c_string(b.scratch.offset(BUFFER + 0x108), 42).unwrap());
    }
    assert_eq!(found, b"bA");
    // Opened where it is, or created for the running title.
    for (kind, file, mode, answer) in [
        (3, "A", 3, (0, 2)),
        (3, "C", 3, (PATH_NOT_FOUND, 0)),
        (3, "C", 4, (0, 1)),
        (1, "D", 3, (PATH_NOT_FOUND, 0)),
    ] {
        let data = describe(&b, kind, file.as_bytes(), "Shared");
        let root = b.put_text(ROOT, "shared");
        let arguments = [0, root, data, mode, at(&b, RESULTS), 0, 0, 0, 0];
        assert_eq!((b.xam_call("XamContentCreateEx", &arguments), b.word(RESULTS)), answer, "{kind} {file}");
        close(&mut b, "shared");
    }
    let of = |title| PackageName::new(user, title, PUBLISHER, "C").unwrap();
    assert!(b.kernel.files.lock().packages.find(&of(OWN)).unwrap().is_some());
}
