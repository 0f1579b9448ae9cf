//! Reads a patch file, and finds its faults with their lines.
//!
//! The format is xenia-canary's (docs/src/using/playing.md has its fields). Invariant: a patch with
//! a fault is not applied, and a fault before the first patch concerns all.

use crate::hash::ExecutableHash;
use crate::lines::Lines;
use crate::quotation::quoted;
use crate::value::{WriteType, address};
use crate::{MAX_FAULTS, MAX_FILE, MAX_HASHES, MAX_PATCHES, MAX_WRITES};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use xenia_guest::{GuestAddr, TitleId};

/// The patches of a file.
#[derive(Clone, Debug, Default)]
pub struct PatchFile {
    /// Name of the title.
    pub title_name: String,
    /// Id of the title; 0 if the file's is missing or malformed.
    pub title_id: TitleId,
    /// Hashes of the executables to which the addresses apply.
    pub hashes: Vec<ExecutableHash>,
    /// The patches in the order of the file.
    pub patches: Vec<TitlePatch>,
    /// Everything that is wrong with the file, by line.
    pub faults: Vec<PatchFault>,
}

impl PatchFile {
    /// Reason why a patch of this file can't be used: its own fault, or a fault before the first
    /// patch, such as in a hash, which leaves the executable uncertain.
    pub fn fault_of<'a>(&'a self, patch: &'a TitlePatch) -> Option<&'a PatchFault> {
        let first = self.patches.first().map_or(usize::MAX, |patch| patch.line);
        patch.fault.as_ref().or_else(|| self.faults.iter().find(|fault| fault.line < first))
    }
}

/// A patch: writes that are made together.
#[derive(Clone, Debug, Default)]
pub struct TitlePatch {
    /// Name by which it is chosen.
    pub name: String,
    /// Description; may be empty.
    pub description: String,
    /// Author; may be empty.
    pub author: String,
    /// Whether the file switches it on.
    pub is_enabled: bool,
    /// Line of the patch in the file.
    pub line: usize,
    /// Number of writes in the file, with those that have a fault.
    pub write_count: usize,
    /// The writes, in the order in which they are made.
    pub writes: Vec<PatchWrite>,
    /// The first fault of the patch. It is not applied if it has one.
    pub fault: Option<PatchFault>,
}

/// Bytes to be written at a guest address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchWrite {
    /// Address of the first byte.
    pub address: GuestAddr,
    /// The bytes; never empty.
    pub bytes: Vec<u8>,
}

/// A fault of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchFault {
    /// Line in the file, from 1.
    pub line: usize,
    /// Description of the fault.
    pub reason: String,
}

/// Reads a patch file. A fault is in [`PatchFile::faults`]; the patches without one are usable.
pub fn parse(text: &str) -> PatchFile {
    let mut reader = Reader { lines: Lines::of(text), faults: Vec::new() };
    if text.len() > MAX_FILE {
        let reason = format!("the file has {} bytes; {MAX_FILE} are the most", text.len());
        return PatchFile { faults: vec![PatchFault { line: 1, reason }], ..PatchFile::default() };
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut file = PatchFile::default();
    if errors.is_empty() {
        reader.file(table.get_ref(), &mut file);
    }
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        reader.fault(offset, format!("no valid TOML: {}", error.message()));
    }
    reader.faults.sort_by_key(|fault| fault.line);
    PatchFile { faults: reader.faults, ..file }
}

type Value<'a> = Spanned<DeValue<'a>>;

struct Reader {
    lines: Lines,
    faults: Vec<PatchFault>,
}

/// The keys of a table in lower case: files have `desc` and `Desc`. A key that occurs twice in this
/// form is a fault.
fn fields<'a, 'b>(reader: &mut Reader, table: &'b DeTable<'a>) -> BTreeMap<String, (usize, &'b Value<'a>)> {
    let mut fields = BTreeMap::new();
    for (key, value) in table {
        let at = key.span().start;
        if fields.insert(key.get_ref().to_ascii_lowercase(), (at, value)).is_some() {
            reader.fault(at, format!("`{}` occurs twice", quoted(key.get_ref())));
        }
    }
    fields
}

impl Reader {
    fn fault(&mut self, offset: usize, reason: impl Into<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(PatchFault { line: self.lines.line(offset), reason: reason.into() });
        }
    }

    fn text(&mut self, name: &str, value: &Value<'_>) -> Option<String> {
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.fault(value.span().start, format!("`{name}`: expected a text"));
        }
        text.map(str::to_owned)
    }

    fn file(&mut self, table: &DeTable<'_>, file: &mut PatchFile) {
        let fields = fields(self, table);
        for wanted in ["title_name", "title_id", "hash", "patch"] {
            if !fields.contains_key(wanted) {
                self.fault(0, format!("`{wanted}` is missing"));
            }
        }
        for (name, &(at, value)) in &fields {
            match &**name {
                "title_name" => file.title_name = self.text(name, value).unwrap_or_default(),
                "title_id" => file.title_id = self.title_id(value),
                "hash" => file.hashes = self.hashes(value),
                // The medium is for readers; its text or list is not interpreted.
                "media_id" => {}
                "patch" => self.patches(value, file),
                _ => self.fault(at, format!("`{}` is not a key of a patch file", quoted(name))),
            }
        }
    }

    fn title_id(&mut self, value: &Value<'_>) -> TitleId {
        let text = self.text("title_id", value).unwrap_or_default();
        let is_id = text.len() == 8 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let id = u32::from_str_radix(&text, 16).ok().filter(|_| is_id);
        if id.is_none() && value.get_ref().is_str() {
            let reason = format!("`{}` is not a title ID of eight digits, such as 454108CF", quoted(&text));
            self.fault(value.span().start, reason);
        }
        TitleId(id.unwrap_or_default())
    }

    fn hashes(&mut self, value: &Value<'_>) -> Vec<ExecutableHash> {
        let one = std::slice::from_ref(value);
        let list = value.get_ref().as_array().map_or(one, |list| list);
        if list.is_empty() || list.len() > MAX_HASHES {
            let reason = format!("{} hashes; 1 to {MAX_HASHES} are expected", list.len());
            self.fault(value.span().start, reason);
            return Vec::new();
        }
        let mut hashes = Vec::new();
        for value in list {
            match self.text("hash", value).map(|text| text.parse()) {
                Some(Ok(hash)) => hashes.push(hash),
                Some(Err(reason)) => self.fault(value.span().start, reason),
                None => {}
            }
        }
        hashes
    }

    fn patches(&mut self, value: &Value<'_>, file: &mut PatchFile) {
        let Some(list) = value.get_ref().as_array() else {
            return self.fault(value.span().start, "`patch`: expected tables [[patch]]");
        };
        if list.len() > MAX_PATCHES {
            let reason = format!("{} patches; {MAX_PATCHES} are the most", list.len());
            self.fault(value.span().start, reason);
        }
        let mut names = BTreeMap::new();
        for value in list.iter().take(MAX_PATCHES) {
            let at = value.span().start;
            let Some(table) = value.get_ref().as_table() else {
                self.fault(at, "`patch`: expected tables [[patch]]");
                continue;
            };
            let known = self.faults.len();
            let mut patch = self.patch(at, table);
            if let Some(first) = names.insert(patch.name.clone(), patch.line) {
                self.fault(
                    at,
                    format!("a patch on line {first} has the name `{}`, too", quoted(&patch.name)),
                );
            }
            patch.fault = self.faults.get(known).cloned();
            // Beyond the limit no fault is recorded, so this patch may have one.
            if patch.fault.is_none() && known == MAX_FAULTS {
                patch.fault = self.faults.last().cloned();
            }
            file.patches.push(patch);
        }
    }

    fn patch(&mut self, at: usize, table: &DeTable<'_>) -> TitlePatch {
        let mut patch = TitlePatch { line: self.lines.line(at), ..TitlePatch::default() };
        let fields = fields(self, table);
        for (name, &(key_at, value)) in &fields {
            match &**name {
                "name" => patch.name = self.text(name, value).unwrap_or_default(),
                "desc" => patch.description = self.text(name, value).unwrap_or_default(),
                "author" => patch.author = self.text(name, value).unwrap_or_default(),
                // A remark that some files have.
                "note" => {}
                "is_enabled" => match value.get_ref().as_bool() {
                    Some(on) => patch.is_enabled = on,
                    None => self.fault(value.span().start, "`is_enabled`: expected true or false"),
                },
                _ => match WriteType::of(name) {
                    // The keys come in the order of their names, in which xenia-canary makes the
                    // writes of a patch, too.
                    Some(kind) => self.writes(name, kind, value, &mut patch),
                    None => self
                        .fault(key_at, format!("`{}` is neither a key nor a type of a patch", quoted(name))),
                },
            }
        }
        if patch.name.is_empty() {
            self.fault(at, "a patch has no name");
        }
        if patch.write_count == 0 {
            self.fault(at, format!("patch `{}` writes nothing", quoted(&patch.name)));
        }
        patch
    }

    fn writes(&mut self, name: &str, kind: WriteType, value: &Value<'_>, patch: &mut TitlePatch) {
        let Some(list) = value.get_ref().as_array() else {
            return self.fault(value.span().start, format!("`{name}`: expected tables [[patch.{name}]]"));
        };
        patch.write_count += list.len();
        if patch.write_count > MAX_WRITES {
            let reason = format!("a patch has more than {MAX_WRITES} writes");
            return self.fault(value.span().start, reason);
        }
        for value in list {
            match value.get_ref().as_table() {
                Some(table) => patch.writes.extend(self.write(name, kind, value.span().start, table)),
                None => self.fault(value.span().start, format!("`{name}`: expected tables [[patch.{name}]]")),
            }
        }
    }

    fn write(&mut self, name: &str, kind: WriteType, at: usize, table: &DeTable<'_>) -> Option<PatchWrite> {
        let fields = fields(self, table);
        for (key, (key_at, _)) in &fields {
            if !matches!(&**key, "address" | "value") {
                self.fault(*key_at, format!("`{}` is not a key of [[patch.{name}]]", quoted(key)));
            }
        }
        let mut found = |key: &str| {
            let value = fields.get(key).map(|(_, value)| *value);
            if value.is_none() {
                self.fault(at, format!("[[patch.{name}]] has no `{key}`"));
            }
            value
        };
        let to = found("address");
        let value = found("value");
        let mut refuse = |value: &Value<'_>, reason: String| self.fault(value.span().start, reason);
        let to = to.and_then(|to| address(to.get_ref()).map_err(|reason| refuse(to, reason)).ok());
        let bytes = value.and_then(|value| {
            kind.bytes(value.get_ref()).map_err(|reason| refuse(value, format!("{name}: {reason}"))).ok()
        });
        let (to, bytes) = to.zip(bytes)?;
        if to.checked_add(bytes.len() as u32).is_none() {
            self.fault(at, format!("{} bytes at {to:#x} are beyond the memory", bytes.len()));
            return None;
        }
        Some(PatchWrite { address: GuestAddr(to), bytes })
    }
}

#[cfg(test)]
mod tests;
