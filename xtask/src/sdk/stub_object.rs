//! Stub objects: for each kernel export, the object that GNU as makes of a line of
//! guest/runtime/imports.inc. The assembler makes one object a process, and there are hundreds.

/// A kernel export of this build, which titles import by linking its stub object.
#[derive(Debug, Hash)]
pub(super) struct ImportableExport {
    /// File name of its library.
    pub(super) library: &'static str,
    /// Ordinal in the library.
    pub(super) ordinal: u16,
    /// Name that titles link to.
    pub(super) name: String,
    /// Whether it is a function; otherwise it is a variable.
    pub(super) is_function: bool,
}

/// Size of the file header, in bytes.
const HEADER: u32 = 52;
/// Size of a section header, in bytes.
const SECTION: u16 = 40;
/// Size of a library's name in an import record, in bytes.
const LIBRARY: usize = 24;
/// Offsets of the addresses in an import record: the slot's, then the thunk's.
const ADDRESSES: [u32; 2] = [28, 32];
/// Size of a thunk, in bytes.
const THUNK: usize = 16;
/// Size of a slot, in bytes.
const SLOT: usize = 4;
/// Kind of the relocation of a word by an address: `R_PPC_ADDR32`.
const ADDR32: u32 = 1;

// Kinds and flags of sections, and the bytes of symbols' kinds and bindings. Source: the System V
// ABI, "Object files".
const SHT_PROGBITS: u32 = 1;
const SHT_SYMTAB: u32 = 2;
const SHT_STRTAB: u32 = 3;
const SHT_RELA: u32 = 4;
const SHF_ALLOC: u32 = 2;
const SHF_EXECINSTR: u32 = 4;
const SHF_INFO_LINK: u32 = 0x40;
const STB_GLOBAL: u8 = 1 << 4;
const STT_OBJECT: u8 = 1;
const STT_FUNC: u8 = 2;
const STT_SECTION: u8 = 3;

// Indices of sections, in the order of [`stub_object`].
const TEXT: u16 = 1;
const SLOTS: u16 = 2;
const IMPORTS: u32 = 3;
const SYMBOLS: u32 = 5;
const STRINGS: u32 = 6;
const SECTION_NAMES: u16 = 7;
// Indices of symbols. The export's is the first that is global.
const SLOTS_SYMBOL: u32 = 1;
const EXPORT_SYMBOL: u32 = 2;

/// A section with the fields of its header.
#[derive(Default)]
struct StubSection {
    name: &'static str,
    kind: u32,
    flags: u32,
    link: u32,
    info: u32,
    alignment: u32,
    entry_size: u32,
    contents: Vec<u8>,
}

/// Writes the stub object of an export.
pub(super) fn stub_object(export: &ImportableExport) -> Vec<u8> {
    let mut sections = vec![
        StubSection::default(),
        StubSection {
            name: ".text",
            kind: SHT_PROGBITS,
            flags: SHF_ALLOC | SHF_EXECINSTR,
            alignment: if export.is_function { 4 } else { 1 },
            contents: vec![0; if export.is_function { THUNK } else { 0 }],
            ..StubSection::default()
        },
        StubSection {
            name: ".rodata.xenia.slots",
            kind: SHT_PROGBITS,
            flags: SHF_ALLOC,
            alignment: 4,
            contents: vec![0; SLOT],
            ..StubSection::default()
        },
        StubSection {
            name: ".xenia.imports",
            kind: SHT_PROGBITS,
            alignment: 1,
            contents: record(export),
            ..StubSection::default()
        },
        StubSection {
            name: ".rela.xenia.imports",
            kind: SHT_RELA,
            flags: SHF_INFO_LINK,
            link: SYMBOLS,
            info: IMPORTS,
            alignment: 4,
            entry_size: 12,
            contents: relocations(export.is_function),
        },
        StubSection {
            name: ".symtab",
            kind: SHT_SYMTAB,
            link: STRINGS,
            info: EXPORT_SYMBOL,
            alignment: 4,
            entry_size: 16,
            contents: symbols(export.is_function),
            ..StubSection::default()
        },
        string_table(".strtab", [&[0][..], export.name.as_bytes(), &[0]].concat()),
        string_table(".shstrtab", Vec::new()),
    ];
    let names: Vec<u8> =
        sections.iter().flat_map(|section| [section.name.as_bytes(), b"\0"].concat()).collect();
    sections[usize::from(SECTION_NAMES)].contents = names;
    file_of(&sections)
}

/// A section of strings, each of which ends with a null byte.
fn string_table(name: &'static str, contents: Vec<u8>) -> StubSection {
    StubSection { name, kind: SHT_STRTAB, alignment: 1, contents, ..StubSection::default() }
}

/// An import record, in the packer's format. The linker fills in its addresses.
fn record(export: &ImportableExport) -> Vec<u8> {
    let mut record = export.library.as_bytes().to_vec();
    record.resize(LIBRARY, 0);
    for half in [u16::from(export.is_function), export.ordinal, 0, 0, 0, 0] {
        record.extend(half.to_be_bytes());
    }
    record
}

/// Has the linker write the addresses of slot and thunk into the record. A variable's symbol is its
/// slot, and it has no thunk.
fn relocations(is_function: bool) -> Vec<u8> {
    let [slot, thunk] = ADDRESSES;
    let of_symbol = |offset: u32, symbol: u32| [offset, symbol << 8 | ADDR32, 0];
    let rows = if is_function {
        vec![of_symbol(slot, SLOTS_SYMBOL), of_symbol(thunk, EXPORT_SYMBOL)]
    } else {
        vec![of_symbol(slot, EXPORT_SYMBOL)]
    };
    rows.as_flattened().iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// The null symbol, the section of slots, and the export.
fn symbols(is_function: bool) -> Vec<u8> {
    let mut table = vec![0; 16];
    let slots = (0, 0, STT_SECTION, SLOTS);
    let export = if is_function {
        (1, THUNK as u32, STB_GLOBAL | STT_FUNC, TEXT)
    } else {
        (1, SLOT as u32, STB_GLOBAL | STT_OBJECT, SLOTS)
    };
    for (name, size, info, section) in [slots, export] {
        for word in [name, 0, size] {
            table.extend(u32::to_be_bytes(word));
        }
        table.extend([info, 0]);
        table.extend(section.to_be_bytes());
    }
    table
}

/// Writes a relocatable 32-bit big-endian PowerPC ELF file.
fn file_of(sections: &[StubSection]) -> Vec<u8> {
    let mut contents = Vec::new();
    let mut headers = Vec::new();
    let mut name = 0;
    for section in sections {
        contents.resize(contents.len().next_multiple_of(section.alignment.max(1) as usize), 0);
        let size = section.contents.len() as u32;
        let offset = HEADER + contents.len() as u32;
        let row = [name, section.kind, section.flags, 0, offset, size, section.link, section.info];
        headers.extend(row.into_iter().chain([section.alignment, section.entry_size]));
        contents.extend(&section.contents);
        name += section.name.len() as u32 + 1;
    }
    contents.resize(contents.len().next_multiple_of(4), 0);

    // Class, byte order and version; a relocatable file for PowerPC.
    let mut file = b"\x7FELF\x01\x02\x01\0\0\0\0\0\0\0\0\0\0\x01\0\x14".to_vec();
    for word in [1, 0, 0, HEADER + contents.len() as u32, 0] {
        file.extend(word.to_be_bytes());
    }
    for half in [HEADER as u16, 0, 0, SECTION, sections.len() as u16, SECTION_NAMES] {
        file.extend(half.to_be_bytes());
    }
    file.extend(contents);
    file.extend(headers.iter().flat_map(|word| word.to_be_bytes()));
    file
}

#[cfg(test)]
mod tests {
    use super::*;
    use object::{File, Object, ObjectSection, ObjectSymbol, RelocationTarget};
    use std::fmt::Write as _;
    use std::path::Path;
    use std::process::Command;
    use xenia_testing::{Tool, need};

    /// Name of the section of a relocation's symbol, and the address in it.
    fn target(file: &File<'_>, target: RelocationTarget) -> (String, u64) {
        let RelocationTarget::Symbol(symbol) = target else { panic!("{target:?}") };
        let symbol = file.symbol_by_index(symbol).unwrap();
        let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
        (section.name().unwrap().to_owned(), symbol.address())
    }

    /// The parts of an object that a link depends on.
    fn description(object: &[u8]) -> String {
        let file = File::parse(object).unwrap();
        let mut text = format!("{:?} {:?}\n", file.architecture(), file.flags());
        for name in [".text", ".rodata.xenia.slots", ".xenia.imports"] {
            let section = file.section_by_name(name).unwrap();
            let data = section.data().unwrap();
            writeln!(text, "{name} {} {:?} {data:?}", section.align(), section.flags()).unwrap();
            for (offset, row) in section.relocations() {
                let target = target(&file, row.target());
                writeln!(text, "{offset} {:?} {} {target:?}", row.flags(), row.addend()).unwrap();
            }
        }
        for symbol in file.symbols().filter(ObjectSymbol::is_global) {
            let section = file.section_by_index(symbol.section_index().unwrap()).unwrap();
            let place = (section.name().unwrap(), symbol.address(), symbol.size());
            writeln!(text, "{} {place:?} {:?}", symbol.name().unwrap(), symbol.kind()).unwrap();
        }
        text
    }

    #[test]
    fn stub_objects_link_like_the_assemblers() {
        if !need(Tool::Binutils) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let source = folder.path().join("stub.s");
        let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest/runtime");
        for (library, ordinal, name, kind) in
            [("xboxkrnl.exe", 3, "DbgPrint", "function"), ("xam.xex", 0x1AD, "A", "variable")]
        {
            let line = format!("import_{kind} \"{library}\", {ordinal}, {name}");
            std::fs::write(&source, format!(".include \"imports.inc\"\n{line}\n")).unwrap();
            let mut assembler = Command::new("powerpc-linux-gnu-as");
            assembler.args(["-m32", "-mcell", "-I"]).arg(&runtime);
            assembler.arg("-o").arg(source.with_extension("o")).arg(&source);
            assert!(assembler.status().unwrap().success());
            let assembled = std::fs::read(source.with_extension("o")).unwrap();
            let export =
                ImportableExport { library, ordinal, name: name.to_owned(), is_function: kind == "function" };
            assert_eq!(description(&stub_object(&export)), description(&assembled), "{line}");
        }
    }
}
