//! Persistent pipeline cache: a file of the recipes, microcode and conversions that a title has
//! used.
//!
//! ```text
//!   header   magic (two words), version, bytes of a recipe
//!   records  kind, number of words, checksum (two words), words     all of them u32, little endian
//! ```
//!
//! Records are appended, each after those that it refers to, so a truncated file is valid up to its
//! last complete record. Data from the first invalid record on is cut off when the file is opened.
//! The file is untrusted: at worst it makes useless pipelines. Several programs may append to the
//! same file; duplicates are ignored.
//!
//! [`exchange`] exports stores and merges exported files into them.

pub mod exchange;

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

use xenia_gpu::fnv;
use xenia_gpu::microcode::{Shader, ShaderKind};

use super::super::conversion::Conversion;
use super::super::recipe::Recipe;
use super::MAX_PIPELINES;
use super::make::Parts;

const MAGIC: [u32; 2] = [u32::from_le_bytes(*b"xenp"), u32::from_le_bytes(*b"ipes")];
/// Increment this when a number in a [`Recipe`] or a [`Conversion`] changes its meaning.
const VERSION: u32 = 4;
const RECIPE_WORDS: usize = size_of::<Recipe>() / 4;
const CONVERSION_WORDS: usize = size_of::<Conversion>() / 4;
const HEADER: [u32; 4] = [MAGIC[0], MAGIC[1], VERSION, size_of::<Recipe>() as u32];
/// Words of a record's header.
const FRAME_WORDS: usize = 4;
/// Largest store in bytes.
pub const MAX_STORE_BYTES: usize = 16 << 20;
/// Maximum number of conversions in a file.
const MAX_CONVERSIONS: usize = 1024;
/// Largest shader in words.
const MAX_SHADER_WORDS: usize = 1 << 16;
/// Bytes of the longest record of a store.
const MAX_RECORD_BYTES: usize = (FRAME_WORDS + MAX_SHADER_WORDS) * 4;
/// Words of a title's record in an exported file, without the title's name.
const TITLE_WORDS: usize = 3;
/// Largest name of a title in bytes.
const MAX_NAME_BYTES: usize = 255;

const VERTEX: u32 = 1;
const PIXEL: u32 = 2;
const RECIPE: u32 = 3;
const CONVERSION: u32 = 4;
/// Kind of the record that precedes those of a title in an exported file.
const TITLE: u32 = 5;

/// Store file of a title, open for appending.
pub(super) struct Store {
    file: File,
    bytes: usize,
    shaders: HashSet<u64>,
    recipes: HashSet<Recipe>,
    conversions: HashSet<Conversion>,
}

/// Stored pipelines to compile before a title runs.
#[derive(Default)]
pub(in super::super) struct Stored {
    pub(in super::super) parts: Vec<Parts>,
    pub(in super::super) conversions: Vec<Conversion>,
}

/// Contents of a file.
#[derive(Default)]
struct Contents {
    shaders: HashMap<u64, Arc<Shader>>,
    recipes: HashSet<Recipe>,
    conversions: HashSet<Conversion>,
    stored: Stored,
    /// Bytes before the first invalid record.
    good: usize,
}

/// Checksum of a record: changing any single word changes it.
fn checksum(kind: u32, words: &[u32]) -> u64 {
    fnv::words(fnv::BASIS, [kind, words.len() as u32].into_iter().chain(words.iter().copied()))
}

fn bytes(words: &[u32]) -> impl Iterator<Item = u8> {
    words.iter().flat_map(|word| word.to_le_bytes())
}

fn append(out: &mut Vec<u8>, kind: u32, words: &[u32]) {
    let sum = checksum(kind, words);
    out.extend(bytes(&[kind, words.len() as u32, sum as u32, (sum >> 32) as u32]));
    out.extend(bytes(words));
}

/// Kind of a shader's record.
fn shader_record(kind: ShaderKind) -> u32 {
    match kind {
        ShaderKind::Vertex => VERTEX,
        ShaderKind::Pixel => PIXEL,
    }
}

/// Words of a file, without an incomplete one at its end.
fn words_of(file: &[u8]) -> Vec<u32> {
    file.as_chunks().0.iter().map(|&chunk| u32::from_le_bytes(chunk)).collect()
}

/// First record of `words`: its kind and its words. The error is the reason why it is invalid.
fn record(words: &[u32]) -> Result<(u32, &[u32]), &'static str> {
    let Some((&[kind, count, low, high], rest)) = words.split_first_chunk::<FRAME_WORDS>() else {
        return Err("the file ends within the header of a record");
    };
    let count = count as usize;
    let is_sized = match kind {
        VERTEX | PIXEL => count <= MAX_SHADER_WORDS,
        RECIPE => count == RECIPE_WORDS,
        CONVERSION => count == CONVERSION_WORDS,
        TITLE => (TITLE_WORDS..=TITLE_WORDS + MAX_NAME_BYTES.div_ceil(4)).contains(&count),
        _ => return Err("the record has an unknown kind"),
    };
    if !is_sized {
        return Err("the record has a wrong size");
    }
    let words = rest.get(..count).ok_or("the file ends within a record")?;
    let sum = u64::from(high) << 32 | u64::from(low);
    if checksum(kind, words) == sum { Ok((kind, words)) } else { Err("the record has a wrong checksum") }
}

/// Reads a file; `None` if its header differs.
fn read(bytes: &[u8]) -> Option<Contents> {
    let words = words_of(bytes);
    let mut rest = words.strip_prefix(&HEADER)?;
    let mut contents = Contents::default();
    while let Ok((kind, words)) = record(rest) {
        match kind {
            RECIPE => contents.add_recipe(words),
            CONVERSION => contents.add_conversion(words),
            // An exported file is not a store.
            TITLE => break,
            _ => contents.add_shader(kind, words),
        }
        rest = &rest[FRAME_WORDS + words.len()..];
    }
    contents.good = (words.len() - rest.len()) * 4;
    Some(contents)
}

/// Whether the limit alone may have cut the record after the first `good` bytes of those read.
fn is_cut_by_limit(read: usize, good: usize) -> bool {
    read > MAX_STORE_BYTES && good + MAX_RECORD_BYTES > MAX_STORE_BYTES
}

impl Contents {
    fn add_shader(&mut self, kind: u32, words: &[u32]) {
        let kind = if kind == VERTEX { ShaderKind::Vertex } else { ShaderKind::Pixel };
        let shader = || Arc::new(Shader::new(kind, words));
        self.shaders.entry(Shader::digest(kind, words)).or_insert_with(shader);
    }

    fn add_conversion(&mut self, words: &[u32]) {
        let conversion = bytemuck::pod_read_unaligned(bytemuck::cast_slice(words));
        if self.conversions.len() < MAX_CONVERSIONS && self.conversions.insert(conversion) {
            self.stored.conversions.push(conversion);
        }
    }

    fn add_recipe(&mut self, words: &[u32]) {
        let recipe: Recipe = bytemuck::pod_read_unaligned(bytemuck::cast_slice(words));
        let shader = |digest, kind| self.shaders.get(&digest).filter(|shader| shader.kind == kind).cloned();
        let Some(vertex) = shader(recipe.vertex, ShaderKind::Vertex) else { return };
        let pixel = recipe.pixel_shader().map(|digest| shader(digest, ShaderKind::Pixel));
        // A recipe that refers to a missing shader is ignored.
        if matches!(pixel, Some(None)) || self.stored.parts.len() >= MAX_PIPELINES {
            return;
        }
        if self.recipes.insert(recipe) {
            self.stored.parts.push(Parts { recipe, vertex, pixel: pixel.flatten() });
        }
    }
}

impl Store {
    /// Opens or creates a title's file and its folder; returns the contents.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Stored)> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // Windows refuses to shorten a file by a handle that only appends.
        let shorten = |bytes: usize| OpenOptions::new().write(true).open(path)?.set_len(bytes as u64);
        let mut bytes = Vec::new();
        // The byte beyond the limit shows that there are more.
        (&mut file).take(MAX_STORE_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        let contents = if let Some(contents) = read(&bytes) {
            if contents.good < bytes.len() {
                let path = path.display();
                let good = contents.good;
                if is_cut_by_limit(bytes.len(), good) {
                    tracing::warn!(target: "gpu", "{path} is larger than 16 MiB; it is cut after {good} bytes");
                } else {
                    tracing::warn!(target: "gpu", "{path} is damaged after {good} bytes; the rest is dropped");
                }
                shorten(good)?;
            }
            contents
        } else {
            if !bytes.is_empty() {
                let path = path.display();
                tracing::warn!(target: "gpu", "{path} has another format; it is replaced");
                shorten(0)?;
            }
            file.write_all(&self::bytes(&HEADER).collect::<Vec<_>>())?;
            Contents { good: HEADER.len() * 4, ..Contents::default() }
        };
        let Contents { shaders, recipes, conversions, stored, good } = contents;
        let shaders = shaders.into_keys().collect();
        Ok((Self { file, bytes: good, shaders, recipes, conversions }, stored))
    }

    /// Appends the parts that the file doesn't contain yet, in one write.
    pub(super) fn keep(&mut self, parts: &Parts) -> io::Result<()> {
        if self.recipes.len() >= MAX_PIPELINES || self.recipes.contains(&parts.recipe) {
            return Ok(());
        }
        let shaders = || [Some(&parts.vertex), parts.pixel.as_ref()].into_iter().flatten();
        if shaders().any(|shader| shader.words.len() > MAX_SHADER_WORDS) {
            return Ok(());
        }
        let mut out = Vec::new();
        for shader in shaders().filter(|shader| !self.shaders.contains(&shader.hash)) {
            append(&mut out, shader_record(shader.kind), &shader.words);
        }
        let words: [u32; RECIPE_WORDS] = bytemuck::cast(parts.recipe);
        append(&mut out, RECIPE, &words);
        if self.write(&out)? {
            self.shaders.extend(shaders().map(|shader| shader.hash));
            self.recipes.insert(parts.recipe);
        }
        Ok(())
    }

    /// Appends a conversion, like [`keep`](Self::keep).
    pub(super) fn keep_conversion(&mut self, conversion: &Conversion) -> io::Result<()> {
        if self.conversions.len() >= MAX_CONVERSIONS || self.conversions.contains(conversion) {
            return Ok(());
        }
        let mut out = Vec::new();
        let words: [u32; CONVERSION_WORDS] = bytemuck::cast(*conversion);
        append(&mut out, CONVERSION, &words);
        if self.write(&out)? {
            self.conversions.insert(*conversion);
        }
        Ok(())
    }

    /// Appends records; returns false if the file would become too large.
    fn write(&mut self, records: &[u8]) -> io::Result<bool> {
        let fits = self.bytes + records.len() <= MAX_STORE_BYTES;
        if fits {
            self.file.write_all(records)?;
            self.bytes += records.len();
        }
        Ok(fits)
    }
}

#[cfg(test)]
mod tests;
