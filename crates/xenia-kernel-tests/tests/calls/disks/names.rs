//! Random guest paths, valid and invalid, and the places that they name.

use super::NtStatus;
use super::model::{At, GAME, HDD, Model, Names, SCRATCH, lower};
use xenia_testing::Dice;
use xenia_vfs::path::is_valid;

/// Names that a guest may use.
const NAMES: &[&str] = &[
    "a", "B", "Save", "save.dat", "New", "Dir", "con", "NUL.b", "\u{e9}", "\u{2122}", "x y", "f.tmp",
    ".hidden",
];
/// Names that no disk accepts.
const BAD_NAMES: &[&str] =
    &["a:b", "a*", "?", "t.", "t \\x", "a\0b", "\0", "a\nb", "\u{7f}", "a|b", "\"", "<", "..."];
/// Paths that name no device.
const NOWHERE: &[&str] =
    &["", "x:\\a", "\\Device", "\\", "a", "f.tmp ", "\\Device\\Harddisk0\\Partition2\\a", "\\??\\", ".."];
/// Paths that try to leave a disk.
const OUT: &[&str] = &[
    "game:\\..\\outside\\secret",
    "game:/../outside/secret",
    "game:\\..",
    "hdd:\\..\\outside\\new",
    "hdd:\\a\\..\\..\\outside\\new",
    "\\Device\\Harddisk0\\Partition1\\..\\..\\..\\etc\\passwd",
    "hdd:\\.\\..\\hdd2\\a",
    "cache:\\..\\Cache1\\a",
    "\\Device\\Cdrom0\\a\\b\\..\\..\\..\\a",
];

/// A path and its meaning.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// The open directory that it is relative to.
    pub(super) root: Option<u64>,
    pub(super) text: Vec<u8>,
    /// The place, or the expected error.
    pub(super) to: Result<At, NtStatus>,
}

impl Path {
    pub(super) fn ends_with_slash(&self) -> bool {
        matches!(self.text.trim_ascii_end().last(), Some(b'\\' | b'/'))
    }

    /// The name, if the path has no root and no separators.
    pub(super) fn plain_name(&self) -> Option<String> {
        let name = self.text.trim_ascii_end();
        let is_separator = |byte: &u8| matches!(byte, b'\\' | b'/' | b':');
        let is_plain = self.root.is_none() && !matches!(name, b"" | b"..") && !name.iter().any(is_separator);
        is_plain.then(|| name.iter().copied().map(char::from).collect())
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(root) = self.root {
            write!(f, "{root:#x}: ")?;
        }
        let text: String = self.text.iter().copied().map(char::from).collect();
        if text.len() > 80 {
            write!(f, "{:?}...", text.chars().take(60).collect::<String>())
        } else {
            write!(f, "{text:?}")
        }
    }
}

/// Encodes a text as Windows-1252; `None` if it has characters that the tests do not support.
pub(super) fn encoded(text: &str) -> Option<Vec<u8>> {
    let byte = |c| match c {
        '\u{2122}' => Some(0x99),
        '\0'..='\x7F' | '\u{A0}'..='\u{FF}' => u8::try_from(c).ok(),
        _ => None,
    };
    text.chars().map(byte).collect()
}

fn can_be_said(name: &str) -> bool {
    encoded(name).is_some() && !name.contains(['\\', '/'])
}

pub(super) fn disk(dice: &mut Dice) -> usize {
    match dice.below(20) {
        0..=4 => GAME,
        5..=13 => HDD,
        14..=18 => SCRATCH,
        _ => SCRATCH + 1,
    }
}

fn name(dice: &mut Dice) -> String {
    match dice.below(40) {
        0 => "l".repeat([39, 40, 254, 255][dice.below(4)]),
        // 255 characters that may be 510 bytes.
        1 => "\u{e9}".repeat([127, 128, 255][dice.below(3)]),
        2 => [".xenia-stamps", ".Xenia-Draft-1-0"][dice.below(2)].to_owned(),
        _ => dice.pick(NAMES).unwrap_or("a").to_owned(),
    }
}

fn flip_case(dice: &mut Dice, name: &str) -> String {
    let flip = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    match dice.below(6) {
        0 => name.to_ascii_uppercase(),
        1 => name.to_ascii_lowercase(),
        2 => name.chars().map(|c| if dice.one_in(2) { flip(c) } else { c }).collect(),
        _ => name.to_owned(),
    }
}

/// Returns random names on a disk, mostly of existing nodes or beside them.
fn names(dice: &mut Dice, model: &Model, disk: usize) -> Names {
    let nodes: Vec<&Names> = model.disks[disk].nodes.keys().collect();
    let mut names = match nodes.get(dice.below(nodes.len() + 1)) {
        Some(names) => (*names).clone(),
        None => Names::new(),
    };
    match dice.below(10) {
        0..=5 => {}
        6 => {
            names.pop();
            names.push(name(dice));
        }
        7..=8 => names.push(name(dice)),
        _ => names = (0..=dice.below(3)).map(|_| name(dice)).collect(),
    }
    names.iter().map(|name| flip_case(dice, name)).collect()
}

/// Returns the place of names on a disk.
fn place(disk: usize, names: Names) -> Result<At, NtStatus> {
    if names.iter().all(|name| is_valid(name)) {
        Ok(At { disk, names })
    } else {
        Err(NtStatus::OBJECT_NAME_INVALID)
    }
}

/// Joins names with random separators.
fn join(dice: &mut Dice, text: &mut Vec<u8>, names: &[String]) {
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            let between: &[u8] = match dice.below(12) {
                0 => b"/",
                1 => b"\\\\",
                2 => b"\\.\\",
                3 => b"\\x\\..\\",
                _ => b"\\",
            };
            text.extend(between);
        }
        text.extend(encoded(name).unwrap_or_default());
    }
    if !text.is_empty() && !names.is_empty() && dice.one_in(16) {
        text.push(b"\\/"[dice.below(2)]);
    }
}

/// Returns a random guest path.
pub(super) fn path(dice: &mut Dice, model: &Model) -> Path {
    let bad = |text: Vec<u8>, why| Path { root: None, text, to: Err(why) };
    match dice.below(50) {
        0 => return bad(NOWHERE[dice.below(NOWHERE.len())].into(), NtStatus::OBJECT_PATH_NOT_FOUND),
        1 => return bad(OUT[dice.below(OUT.len())].into(), NtStatus::OBJECT_NAME_INVALID),
        2 => {
            let at = ["game:\\", "hdd:\\", "cache:\\", "hdd:\\Dir\\"][dice.below(4)];
            let name = dice.pick(BAD_NAMES).unwrap_or("a:b");
            return bad([at, name].concat().into(), NtStatus::OBJECT_NAME_INVALID);
        }
        3 => {
            let long = [
                "hdd:\\".to_owned() + &"l".repeat(256),
                "cache:".to_owned() + &"\\a".repeat(64),
                "game:\\".to_owned() + &"\\a".repeat(500),
            ];
            return bad(long[dice.below(3)].clone().into(), NtStatus::OBJECT_NAME_INVALID);
        }
        4..=10 if !model.opens.is_empty() => return relative(dice, model),
        _ => {}
    }
    let disk = disk(dice);
    let mut names = names(dice, model, disk);
    if !names.iter().all(|name| can_be_said(name)) {
        names = vec!["a".to_owned()];
    }
    let (mut text, begins) = prefix(dice, model, disk, &mut names);
    let to = place(disk, [begins, names.clone()].concat());
    // The device name of a scratch disk by itself means the partition's raw bytes.
    let is_partition = disk >= SCRATCH && text.starts_with(b"\\Device");
    if !names.is_empty() || dice.one_in(3) || is_partition {
        text.extend([&b"\\"[..], b"/", b"\\\\"][[0, 0, 0, 0, 1, 2][dice.below(6)]]);
    }
    join(dice, &mut text, &names);
    // Blanks around a path are dropped.
    if dice.one_in(16) {
        text = [&b" "[..], &text, b"  "].concat();
    }
    Path { root: None, text, to }
}

/// Returns the name of a disk and no names; or a guest's link that replaces the first of `names`,
/// and the names that it replaces.
fn prefix(dice: &mut Dice, model: &Model, disk: usize, names: &mut Names) -> (Vec<u8>, Names) {
    for (link, at) in &model.links {
        if at.disk == disk && lower(names).starts_with(&lower(&at.names)) && dice.one_in(2) {
            names.drain(..at.names.len());
            return (link.as_bytes().to_vec(), at.names.clone());
        }
    }
    let plain: &[&str] = match disk {
        GAME => &[
            "game:",
            "GAME:",
            "d:",
            "\\Device\\Cdrom0",
            "\\device\\CDROM0",
            "\\??\\game:",
            "\\DosDevices\\D:",
        ],
        HDD => &["hdd:", "hdd:", "Hdd:", "\\Device\\Harddisk0\\Partition1", "\\??\\hdd:", "\\System??\\hdd:"],
        SCRATCH => &["cache:", "cache0:", "CACHE:", "\\Device\\Harddisk0\\Cache0", "\\??\\cache:"],
        _ => &["cache1:", "\\Device\\Harddisk0\\CACHE1"],
    };
    (plain[dice.below(plain.len())].into(), Names::new())
}

/// Returns a path relative to an open handle.
fn relative(dice: &mut Dice, model: &Model) -> Path {
    let open = &model.opens[dice.below(model.opens.len())];
    let root = Some(open.handle);
    let At { disk, names: base } = open.at.clone();
    if dice.one_in(20) {
        let text = b"\\a".to_vec();
        return Path { root, text, to: Err(NtStatus::OBJECT_NAME_INVALID) };
    }
    if dice.one_in(10) {
        // Upwards: to a sibling, or out of the disk.
        let to = match base.split_last() {
            Some((_, parent)) => Ok(At { disk, names: [parent, &["b".to_owned()]].concat() }),
            None => Err(NtStatus::OBJECT_NAME_INVALID),
        };
        return Path { root, text: b"..\\b".to_vec(), to };
    }
    let known = names(dice, model, disk);
    let rest = match known.strip_prefix(base.as_slice()) {
        Some(rest) if rest.iter().all(|name| can_be_said(name)) => rest.to_vec(),
        _ => (0..dice.below(3)).map(|_| name(dice)).collect(),
    };
    let mut text = Vec::new();
    // A first name with a colon would be a drive.
    join(dice, &mut text, &rest);
    let to = place(disk, [base, rest].concat());
    Path { root, text, to }
}
