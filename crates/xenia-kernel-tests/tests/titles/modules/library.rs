//! Builder of small libraries: XEX files with code, exports and imports, uncompressed and without
//! valid digests.

use xenia_formats::image::import_thunk;

/// Page size of the image in bytes.
const PAGE: u32 = 0x1_0000;
/// Offset of the export table in the image.
const EXPORTS: u32 = 0x1000;

/// Builder of a library. Its image has one page of headers, one of code and one of data.
pub(crate) struct LibraryFile {
    /// Preferred load address.
    pub(crate) base: u32,
    /// The page of code; the first instruction is the entry.
    pub(crate) code: Vec<u32>,
    /// Code offsets of the exports, from ordinal 1.
    pub(crate) exports: Vec<u32>,
    /// Library and ordinal of imported functions; see [`Self::thunk`].
    pub(crate) imports: Vec<(&'static str, u32)>,
    /// Whether the XEX header marks it as a library.
    pub(crate) is_library: bool,
}

impl LibraryFile {
    /// A library whose entry stores its handle and reason to `log`, counts its calls in the next
    /// word, and returns `answer`.
    pub(crate) fn new(base: u32, log: u32, answer: u32) -> Self {
        let code = vec![
            0x3D60_0000 | log >> 16,    // lis r11
            0x616B_0000 | log & 0xFFFF, // ori r11, r11
            0x906B_0000,                // stw r3, 0(r11)
            0x908B_0004,                // stw r4, 4(r11)
            0x814B_0008,                // lwz r10, 8(r11)
            0x394A_0001,                // addi r10, r10, 1
            0x914B_0008,                // stw r10, 8(r11)
            0x3860_0000 | answer,       // li r3
            0x4E80_0020,                // blr
        ];
        Self { base, code, exports: Vec::new(), imports: Vec::new(), is_library: true }
    }

    /// Adds and exports a function that adds `amount` to its argument.
    pub(crate) fn export_adding(mut self, amount: u32) -> Self {
        self.exports.push(self.code.len() as u32 * 4);
        self.code.extend([0x3863_0000 | amount, 0x4E80_0020]);
        self
    }

    /// Imports a function and re-exports it.
    pub(crate) fn export_of(mut self, library: &'static str, ordinal: u32) -> Self {
        let at = self.base + PAGE + self.code.len() as u32 * 4;
        let thunk = self.thunk(self.imports.len());
        self.imports.push((library, ordinal));
        self.exports.push(self.code.len() as u32 * 4);
        self.code.push(0x4800_0000 | thunk.wrapping_sub(at) & 0x03FF_FFFC); // b
        self
    }

    /// Address of the thunk of an import, in the second half of the code page.
    pub(crate) fn thunk(&self, index: usize) -> u32 {
        self.base + PAGE + 0x8000 + 16 * index as u32
    }

    /// Address of the slot of an import.
    pub(crate) fn slot(&self, index: usize) -> u32 {
        self.base + 2 * PAGE + 4 * index as u32
    }

    /// Delays the entry by a loop with this many iterations, after it has logged the call.
    pub(crate) fn slow(mut self, turns: u32) -> Self {
        let wait = [0x3D20_0000 | turns >> 16, 0x6129_0000 | turns & 0xFFFF, 0x7D29_03A6, 0x4200_0000];
        self.code.splice(7..7, wait); // lis, ori r9; mtctr r9; bdnz to itself
        self
    }

    fn image(&self) -> Vec<u8> {
        let mut image = vec![0; 3 * PAGE as usize];
        let mut put = |at: u32, bytes: &[u8]| image[at as usize..][..bytes.len()].copy_from_slice(bytes);
        put(0, b"MZ");
        put(0x3C, &0x80_u32.to_le_bytes());
        put(0x80, b"PE\0\0");
        put(0x84, &0x1F2_u16.to_le_bytes());
        put(0x94, &0xE0_u16.to_le_bytes());
        put(0x98, &0x10B_u16.to_le_bytes());
        put(EXPORTS + 0x20, &(self.base >> 16).to_be_bytes());
        put(EXPORTS + 0x24, &(self.exports.len() as u32).to_be_bytes());
        put(EXPORTS + 0x28, &1_u32.to_be_bytes());
        for (index, offset) in (0..).zip(&self.exports) {
            put(EXPORTS + 0x2C + 4 * index, &(PAGE + offset).to_be_bytes());
        }
        for (index, word) in (0..).zip(&self.code) {
            put(PAGE + 4 * index, &word.to_be_bytes());
        }
        for (index, &(library, ordinal)) in self.imports.iter().enumerate() {
            let word = self.libraries().iter().position(|&name| name == library).unwrap() as u32;
            let word = word << 16 | ordinal;
            put(self.slot(index) - self.base, &word.to_be_bytes());
            put(self.thunk(index) - self.base, &words(&import_thunk(word)));
        }
        image
    }

    fn libraries(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.imports.iter().map(|&(library, _)| library).collect();
        names.dedup();
        names
    }

    fn import_table(&self) -> Vec<u8> {
        let mut names = Vec::new();
        let mut records = Vec::new();
        for (index, name) in self.libraries().into_iter().enumerate() {
            names.extend(name.as_bytes());
            names.resize((names.len() + 1).next_multiple_of(4), 0);
            let own = (0..self.imports.len()).filter(|&import| self.imports[import].0 == name);
            let addresses: Vec<u32> =
                own.flat_map(|import| [self.slot(import), self.thunk(import)]).collect();
            records.extend(words(&[0x28 + 4 * addresses.len() as u32]));
            records.extend([0; 0x14]);
            records.extend(words(&[0, 0, 0, (index << 16 | addresses.len()) as u32]));
            records.extend(words(&addresses));
        }
        let size = (12 + names.len() + records.len()) as u32;
        let mut table = words(&[size, names.len() as u32, self.libraries().len() as u32]);
        table.extend(names);
        table.extend(records);
        table
    }

    /// Bytes of the XEX file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        const HEADER: usize = 0x1000;
        const SECURITY: u32 = 0x100;
        const FORMAT: u32 = 0x400;
        const IMPORTS: u32 = 0x410;
        let mut out = vec![0; HEADER];
        let mut put = |at: u32, bytes: &[u8]| out[at as usize..][..bytes.len()].copy_from_slice(bytes);
        put(0, b"XEX2");
        let flags = if self.is_library { 8 } else { 1 };
        put(4, &words(&[flags, HEADER as u32, 0, SECURITY, 4]));
        let entry = self.base + PAGE;
        put(0x18, &words(&[0x3FF, FORMAT, 0x1_0100, entry, 0x1_0201, self.base, 0x1_03FF, IMPORTS]));
        put(SECURITY, &words(&[0x184 + 3 * 24, 3 * PAGE]));
        put(SECURITY + 0x108, &words(&[0x174, 0, self.base]));
        put(SECURITY + 0x128, &words(&[self.libraries().len() as u32]));
        put(SECURITY + 0x160, &words(&[self.base + EXPORTS]));
        put(SECURITY + 0x180, &words(&[3]));
        for (index, kind) in (0..).zip([3, 1, 2]) {
            put(SECURITY + 0x184 + 24 * index, &words(&[1 << 4 | kind]));
        }
        put(FORMAT, &words(&[8, 0]));
        put(IMPORTS, &self.import_table());
        out.extend(self.image());
        out
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}
