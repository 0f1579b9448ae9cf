//! Builder of small PowerPC ELF executables.

pub const READ: u32 = 4;
pub const WRITE: u32 = 2;
pub const EXECUTE: u32 = 1;

/// Kind of a segment of notes.
pub const NOTE: u32 = 4;

#[derive(Clone)]
pub struct Segment {
    pub kind: u32,
    pub address: u32,
    pub contents: Vec<u8>,
    pub size: u32,
    pub flags: u32,
}

#[derive(Clone)]
pub struct Section {
    pub name: &'static str,
    /// Address of an allocated section, whose contents are those of a segment.
    pub address: Option<u32>,
    pub contents: Vec<u8>,
}

#[derive(Clone, Default)]
pub struct ElfBuilder {
    pub entry: u32,
    pub segments: Vec<Segment>,
    pub sections: Vec<Section>,
    /// Name, address, size, and whether it is a function.
    pub symbols: Vec<(&'static str, u32, u32, bool)>,
}

const HEADER: usize = 52;
const PROGRAM: usize = 32;

impl ElfBuilder {
    pub fn segment(mut self, address: u32, contents: &[u8], size: u32, flags: u32) -> Self {
        self.segments.push(Segment { kind: 1, address, contents: contents.to_vec(), size, flags });
        self
    }

    pub fn section(mut self, name: &'static str, address: Option<u32>, contents: &[u8]) -> Self {
        self.sections.push(Section { name, address, contents: contents.to_vec() });
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let half = |out: &mut Vec<u8>, value: u16| out.extend(value.to_be_bytes());
        let mut body: Vec<u8> = Vec::new();
        let start = HEADER + self.segments.len() * PROGRAM;
        let mut program = Vec::new();
        for segment in &self.segments {
            let offset = (start + body.len()) as u32;
            body.extend(&segment.contents);
            let file_size = segment.contents.len() as u32;
            for word in [
                segment.kind,
                offset,
                segment.address,
                segment.address,
                file_size,
                segment.size,
                segment.flags,
                if segment.kind == NOTE { 4 } else { 0x1000 },
            ] {
                program.extend(word.to_be_bytes());
            }
        }

        // Section table: null, the sections, .symtab, .strtab (for all names).
        let mut names = vec![0];
        let mut name = |text: &str| {
            let at = names.len() as u32;
            names.extend(text.as_bytes());
            names.push(0);
            at
        };
        let mut rows: Vec<[u32; 10]> = vec![[0; 10]];
        for section in &self.sections {
            let offset = (start + body.len()) as u32;
            body.extend(&section.contents);
            let flags = if section.address.is_some() { 2 } else { 0 };
            let address = section.address.unwrap_or(0);
            let size = section.contents.len() as u32;
            rows.push([name(section.name), 1, flags, address, offset, size, 0, 0, 1, 0]);
        }
        let mut symbols = vec![0; 16];
        for &(text, address, size, function) in &self.symbols {
            for word in [name(text), address, size] {
                symbols.extend(word.to_be_bytes());
            }
            symbols.extend([0x10 | if function { 2 } else { 1 }, 0, 0, 1]);
        }
        let strings_index = rows.len() as u32 + 1;
        let offset = (start + body.len()) as u32;
        let size = symbols.len() as u32;
        body.extend(&symbols);
        rows.push([name(".symtab"), 2, 0, 0, offset, size, strings_index, 1, 4, 16]);
        let strings_name = name(".strtab");
        let offset = (start + body.len()) as u32;
        rows.push([strings_name, 3, 0, 0, offset, names.len() as u32, 0, 0, 1, 0]);
        body.extend(&names);

        let mut out = b"\x7fELF\x01\x02\x01".to_vec();
        out.resize(16, 0);
        half(&mut out, 2);
        half(&mut out, 20);
        let section_table = (start + body.len()) as u32;
        for word in [1, self.entry, HEADER as u32, section_table, 0] {
            out.extend(word.to_be_bytes());
        }
        for value in [HEADER, PROGRAM, self.segments.len(), 40, rows.len(), strings_index as usize] {
            half(&mut out, value as u16);
        }
        out.extend(program);
        out.extend(body);
        out.extend(rows.iter().flatten().flat_map(|word| word.to_be_bytes()));
        out
    }
}

/// An import record as in stub objects.
pub fn import_record(library: &str, ordinal: u16, slot: u32, thunk: Option<u32>) -> Vec<u8> {
    let mut record = library.as_bytes().to_vec();
    record.resize(24, 0);
    record.extend(u16::from(thunk.is_some()).to_be_bytes());
    record.extend(ordinal.to_be_bytes());
    record.extend(slot.to_be_bytes());
    record.extend(thunk.unwrap_or(0).to_be_bytes());
    record
}

/// A title with two segments, three imports, a function table and a title record.
pub fn sample() -> ElfBuilder {
    let mut text = vec![0; 0x400];
    for (i, word) in text.chunks_mut(4).enumerate() {
        word.copy_from_slice(&(0x3860_0000 | i as u32).to_be_bytes());
    }
    let pdata: Vec<u8> = [0x9001_0000_u32, 0x4000_1002, 0x9001_0040, 0xC000_0801]
        .iter()
        .flat_map(|word| word.to_be_bytes())
        .collect();
    let mut data: Vec<u8> = (0..0x300).map(|i| (i * 7 + 1) as u8).collect();
    data.extend(&pdata);
    let imports = [
        import_record("xboxkrnl.exe", 3, 0x9001_0300, Some(0x9001_0310)),
        import_record("xboxkrnl.exe", 0xAD, 0x9001_0304, None),
        import_record("xam.xex", 0x191, 0x9001_0308, Some(0x9001_0320)),
    ]
    .concat();
    let title: Vec<u8> =
        [0x5841_0001_u32, 0x1001_2345, 0xAABB_CCDD, 0x2_0000].iter().flat_map(|w| w.to_be_bytes()).collect();
    let mut builder = ElfBuilder { entry: 0x9001_0004, ..ElfBuilder::default() }
        .segment(0x9001_0000, &text, 0x400, READ | EXECUTE)
        .segment(0x9001_2010, &data, 0x3000, READ | WRITE)
        .section(".text", Some(0x9001_0000), &text)
        .section(".data", Some(0x9001_2010), &data)
        .section(".pdata", Some(0x9001_2310), &pdata)
        .section(".xenia.imports", None, &imports)
        .section(".xenia.title", None, &title);
    builder.symbols = vec![("start", 0x9001_0004, 0x40, true), ("table", 0x9001_2010, 16, false)];
    builder
}
