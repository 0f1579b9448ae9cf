//! Tests of whole files.

use super::*;

const GOOD: &str = r#"title_name = "A title" # TU1
title_id = "4D5307D1" # MS-2001
hash = [
    "56209C4732826FCF", # default.xex
    "0000000000000001"
]
#media_id = "35185D64"

[[patch]]
    name = "60 FPS"
    Desc = "Twice as smooth."
    author = "somebody"
    is_enabled = false

    [[patch.be32]]
        address = 0x8250fa48
        value = 0x60000000
    [[patch.be8]]
        address = 0x82a00797
        value = 0x01 # 60
    [[patch.f32]]
        address = 0x82a00798
        value = 60

[[patch]]
    name = "Text"
    note = "A remark."
    is_enabled = true

    [[patch.array]]
        address = 0x82a0079c
        value = "0x3133"
    [[patch.string]]
        address = 0x82a0079e
        value = "37"
"#;

fn faults(text: &str) -> Vec<(usize, String)> {
    parse(text).faults.into_iter().map(|fault| (fault.line, fault.reason)).collect()
}

#[test]
fn a_file_as_the_collection_has_them_is_read() {
    let file = parse(GOOD);
    assert_eq!(file.faults, []);
    assert_eq!((&*file.title_name, file.title_id), ("A title", TitleId(0x4D53_07D1)));
    assert_eq!(file.hashes, [ExecutableHash(0x5620_9C47_3282_6FCF), ExecutableHash(1)]);
    let [first, second] = &file.patches[..] else { panic!("two patches") };
    assert_eq!((&*first.name, &*first.description, first.line), ("60 FPS", "Twice as smooth.", 9));
    assert!(!first.is_enabled && second.is_enabled && second.fault.is_none());
    let writes = |patch: &TitlePatch| -> Vec<(u32, Vec<u8>)> {
        patch.writes.iter().map(|write| (write.address.0, write.bytes.clone())).collect()
    };
    assert_eq!(
        writes(first),
        [(0x8250_FA48, vec![0x60, 0, 0, 0]), (0x82A0_0797, vec![1]), (0x82A0_0798, vec![0x42, 0x70, 0, 0])]
    );
    assert_eq!(writes(second), [(0x82A0_079C, b"13".to_vec()), (0x82A0_079E, b"37".to_vec())]);
    assert_eq!((first.write_count, second.write_count), (3, 2));
}

#[test]
fn a_single_hash_may_be_a_string() {
    let file = parse("title_name = 'a'\ntitle_id = '4D5307D1'\nhash = '56209C4732826FCF'\npatch = []\n");
    assert_eq!((file.faults, file.hashes.len()), (Vec::new(), 1));
}

#[test]
fn each_mistake_is_reported_with_its_line() {
    for (from, to, line, reason) in [
        ("hash = [", "hash = [ 7,", 3, "`hash`: expected a text"),
        ("\"56209C4732826FCF\"", "\"56209C\"", 4, "`56209C` is not a hash of 16 hexadecimal digits"),
        ("title_id = \"4D5307D1\"", "title_id = \"4D53\"", 2, "`4D53` is not a title ID"),
        ("title_name = \"A title\"", "title_nam = 1", 1, "`title_name` is missing"),
        ("0x8250fa48", "0x18340043c", 16, "0x18340043c is not an address of 32 bits"),
        ("value = 0x01 # 60", "value = 0x1ff", 20, "be8: 0x1ff does not fit into 8 bits"),
        ("address = 0x82a00798", "adress = 0x82a00798", 22, "`adress` is not a key of [[patch.f32]]"),
        ("[[patch.be8]]", "[[patch.be24]]", 18, "`be24` is neither a key nor a type of a patch"),
        ("[[patch.be8]]", "[patch.be8]", 18, "`be8`: expected tables [[patch.be8]]"),
        ("is_enabled = true", "is_enabled = \"yes\"", 28, "`is_enabled`: expected true or false"),
        ("name = \"Text\"", "name = \"60 FPS\"", 25, "a patch on line 9 has the name `60 FPS`, too"),
        ("name = \"Text\"", "author = \"me\"", 25, "a patch has no name"),
        ("\"0x3133\"", "\"0x313\"", 32, "array: 3 hexadecimal digits are not whole bytes"),
        ("address = 0x82a0079e", "address = 0xffffffff", 33, "2 bytes at 0xffffffff are beyond the memory"),
        ("    Desc =", "    desc = \"a\"\n    Desc =", 11, "occurs twice"),
        ("value = \"37\"", "value = \"37", 35, "no valid TOML"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let found = faults(&text);
        assert!(
            found.iter().any(|(at, message)| *at == line && message.contains(reason)),
            "{from} -> {to}: {found:?}"
        );
    }
}

#[test]
fn a_patch_with_a_fault_is_marked_and_the_others_are_usable() {
    let file = parse(&GOOD.replacen("0x8250fa48", "0x18340043c", 1));
    assert_eq!(file.faults.len(), 1);
    assert_eq!(file.patches[0].fault.as_ref(), file.faults.first());
    assert!(file.patches[1].fault.is_none());
    // Beyond the number of faults that are kept, no patch is believed.
    let many = "    [[patch.be8]]\n        value = 1\n".repeat(MAX_FAULTS + 10);
    let text = GOOD.replacen("    [[patch.be32]]", &format!("{many}    [[patch.be32]]"), 1);
    let file = parse(&text);
    assert_eq!(file.faults.len(), MAX_FAULTS);
    assert!(file.patches.iter().all(|patch| patch.fault.is_some()));
}

#[test]
fn damaged_files_are_faults_and_no_panics() {
    for end in 0..GOOD.len() {
        let _ = parse(&GOOD[..end]);
    }
    let mut bytes = GOOD.as_bytes().to_vec();
    for at in 0..bytes.len() {
        for byte in [b'[', b'"', b'=', 0, b'9'] {
            let was = std::mem::replace(&mut bytes[at], byte);
            if let Ok(text) = std::str::from_utf8(&bytes) {
                let _ = parse(text);
            }
            bytes[at] = was;
        }
    }
    assert!(!faults(&"[".repeat(100_000)).is_empty());
    assert!(!faults(&format!("a = {}", "[".repeat(100_000))).is_empty());
    let long = GOOD.replacen("60 FPS", &"é".repeat(10_000), 1).replacen("be8", &"b".repeat(10_000), 1);
    assert!(
        faults(&long.replacen("4D5307D1", &"x".repeat(9000), 1))
            .iter()
            .all(|(_, message)| message.len() < 400)
    );
    let large = faults(&" ".repeat(MAX_FILE + 1));
    assert!(large[0].1.contains("are the most"), "{large:?}");
    let many = "[[patch]]\nname = \"a\"\n".repeat(MAX_PATCHES + 1);
    let found = faults(&many);
    assert!(
        found.iter().any(|(_, message)| message.contains("4097 patches; 4096 are the most")),
        "{found:?}"
    );
}
