//! Builder of title databases.

/// A database to be built.
#[derive(Default)]
pub struct XdbfBuilder {
    entries: Vec<(u16, u64, Vec<u8>)>,
}

fn tagged(tag: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&tag[..], &1_u32.to_be_bytes(), &(body.len() as u32).to_be_bytes(), body].concat()
}

fn id(tag: &[u8; 4]) -> u64 {
    u32::from_be_bytes(*tag).into()
}

impl XdbfBuilder {
    /// Sets the title ID and the default language.
    pub fn title(mut self, title: u32, language: u32) -> Self {
        self.entries.push((1, id(b"XTHD"), tagged(b"XTHD", &[&title.to_be_bytes()[..], &[0; 28]].concat())));
        self.entries.push((1, id(b"XSTC"), tagged(b"XSTC", &language.to_be_bytes())));
        self
    }

    /// Adds an image.
    pub fn image(mut self, id: u64, bytes: &[u8]) -> Self {
        self.entries.push((2, id, bytes.to_vec()));
        self
    }

    /// Adds the texts of a language.
    pub fn strings(mut self, language: u64, strings: &[(u16, &str)]) -> Self {
        let mut body = (strings.len() as u16).to_be_bytes().to_vec();
        for (id, text) in strings {
            body.extend([id.to_be_bytes(), (text.len() as u16).to_be_bytes()].concat());
            body.extend(text.as_bytes());
        }
        self.entries.push((3, language, tagged(b"XSTR", &body)));
        self
    }

    /// Adds achievements: ID, IDs of the texts, image ID, and gamerscore.
    pub fn achievements(mut self, rows: &[(u16, [u16; 3], u32, u16)]) -> Self {
        let mut body = (rows.len() as u16).to_be_bytes().to_vec();
        for (id, texts, image, score) in rows {
            body.extend(id.to_be_bytes());
            body.extend(texts.map(u16::to_be_bytes).concat());
            body.extend(image.to_be_bytes());
            body.extend([score.to_be_bytes(), [0; 2]].concat());
            body.extend(9_u32.to_be_bytes());
            body.extend([0; 16]);
        }
        self.entries.push((1, id(b"XACH"), tagged(b"XACH", &body)));
        self
    }

    /// Adds contexts: IDs and largest values.
    pub fn contexts(mut self, rows: &[(u32, u32)]) -> Self {
        let mut body = (rows.len() as u32).to_be_bytes().to_vec();
        for (id, most) in rows {
            body.extend([*id, 0, *most, 0].map(u32::to_be_bytes).concat());
        }
        self.entries.push((1, id(b"XCXT"), tagged(b"XCXT", &body)));
        self
    }

    /// Adds properties of four bytes.
    pub fn properties(mut self, ids: &[u32]) -> Self {
        let mut body = (ids.len() as u16).to_be_bytes().to_vec();
        for id in ids {
            body.extend([id.to_be_bytes(), [0, 0, 0, 4]].concat());
        }
        self.entries.push((1, id(b"XPRP"), tagged(b"XPRP", &body)));
        self
    }

    pub fn build(&self) -> Vec<u8> {
        let room = self.entries.len() as u32 + 3;
        let mut file = b"XDBF".to_vec();
        file.extend([0x1_0000, room, self.entries.len() as u32, 2, 1].map(u32::to_be_bytes).concat());
        let mut data: Vec<u8> = Vec::new();
        for (section, id, bytes) in &self.entries {
            file.extend(section.to_be_bytes());
            file.extend(id.to_be_bytes());
            file.extend([data.len() as u32, bytes.len() as u32].map(u32::to_be_bytes).concat());
            data.extend(bytes);
        }
        file.resize(24 + 18 * room as usize + 8 * 2, 0);
        file.extend(data);
        file
    }
}

/// A title named "A title", with two achievements.
pub fn sample() -> XdbfBuilder {
    XdbfBuilder::default()
        .title(0x4D53_07D1, 3)
        .image(0x8000, b"\x89PNG icon")
        .image(5, b"\x89PNG five")
        .strings(1, &[(0x8000, "A title"), (1, "First"), (2, "Done first"), (3, "Do it"), (4, "Second")])
        .strings(3, &[(0x8000, "Ein Titel"), (1, "Erstes"), (2, "Getan")])
        .achievements(&[(1, [1, 2, 3], 5, 10), (7, [4, 2, 3], 5, 25)])
}
