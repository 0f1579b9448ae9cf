//! Exchange of stores: files with the pipelines of several titles, and their merge into stores.
//!
//! An exported file has the format of a store; in it, a record with a title's name and executable
//! precedes the records of each title. It comes from another user, so a file with any damage is
//! refused as a whole, and nothing in it changes an entry of a store. As in a store, its entries
//! are at worst useless pipelines.

mod merge;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use xenia_gpu::microcode::{Shader, ShaderKind};

use super::super::super::conversion::Conversion;
use super::super::super::recipe::Recipe;
pub use super::MAX_STORE_BYTES;
use super::{
    CONVERSION, FRAME_WORDS, HEADER, MAGIC, MAX_NAME_BYTES, RECIPE, TITLE, VERSION, VERTEX, append, bytes,
    record, words_of,
};
pub use merge::{MergeCounts, MergedStore};

/// Largest exported file in MiB.
const MAX_EXPORT_MEBIBYTES: usize = 128;
/// Largest exported file in bytes.
pub const MAX_EXPORT_BYTES: usize = MAX_EXPORT_MEBIBYTES << 20;
/// Maximum number of titles in an exported file.
const MAX_EXPORTED_TITLES: usize = 256;

/// Reason for refusing a file of pipelines.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PipelineFileError {
    /// The file is damaged, or of another format or version.
    #[error("at offset {offset:#x}: {reason}")]
    Invalid {
        /// Offset in the file in bytes.
        offset: usize,
        /// Description of the fault.
        reason: String,
    },
    /// An exported file would exceed its limits.
    #[error(
        "an exported file has at most {} MiB and {} titles: export fewer of them",
        MAX_EXPORT_MEBIBYTES,
        MAX_EXPORTED_TITLES
    )]
    TooLarge,
}

fn invalid(word: usize, reason: impl Into<String>) -> PipelineFileError {
    PipelineFileError::Invalid { offset: word * 4, reason: reason.into() }
}

/// Title to which pipelines belong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineTitle {
    /// Name of the title, as in the name of its store.
    pub name: String,
    /// Number of its executable, equal only for equal executables.
    pub image: u64,
}

impl PipelineTitle {
    /// The title in a record.
    fn of(words: &[u32]) -> Result<Self, &'static str> {
        let [low, high, length, name @ ..] = words else { return Err("the title's record is too short") };
        let length = *length as usize;
        if length > MAX_NAME_BYTES || name.len() != length.div_ceil(4) {
            return Err("the title's name has a wrong length");
        }
        let name = String::from_utf8(bytes(name).take(length).collect());
        let name = name.map_err(|_| "the title's name is not UTF-8 text")?;
        Ok(Self { name, image: u64::from(*high) << 32 | u64::from(*low) })
    }

    /// Words of the title's record.
    fn words(&self) -> Vec<u32> {
        let name = &self.name.as_bytes()[..self.name.floor_char_boundary(MAX_NAME_BYTES)];
        let mut words = vec![self.image as u32, (self.image >> 32) as u32, name.len() as u32];
        words.extend(name.chunks(4).map(|part| {
            let mut word = [0; 4];
            word[..part.len()].copy_from_slice(part);
            u32::from_le_bytes(word)
        }));
        words
    }
}

/// Checks the header of a file.
fn check_header(words: &[u32]) -> Result<(), PipelineFileError> {
    let Some(&[first, second, version, recipe]) = words.first_chunk::<4>() else {
        return Err(invalid(0, "it is not a file of pipelines: it is too short"));
    };
    if [first, second] != MAGIC {
        return Err(invalid(0, "it is not a file of pipelines"));
    }
    if version != VERSION {
        return Err(invalid(2, format!("its version is {version}, that of this program is {VERSION}")));
    }
    if recipe != HEADER[3] {
        let expected = HEADER[3];
        return Err(invalid(3, format!("its recipes have {recipe} bytes, those of this program {expected}")));
    }
    Ok(())
}

/// Shaders that a recipe refers to.
fn shaders_of(recipe: Recipe) -> impl Iterator<Item = (u64, ShaderKind)> {
    let pixel = recipe.pixel_shader().map(|digest| (digest, ShaderKind::Pixel));
    [Some((recipe.vertex, ShaderKind::Vertex)), pixel].into_iter().flatten()
}

/// Microcode of a shader.
#[derive(Clone, Copy)]
struct ShaderCode<'a> {
    kind: ShaderKind,
    words: &'a [u32],
}

impl<'a> ShaderCode<'a> {
    /// The shader in a record of this kind.
    fn of(record: u32, words: &'a [u32]) -> Self {
        Self { kind: if record == VERTEX { ShaderKind::Vertex } else { ShaderKind::Pixel }, words }
    }

    fn digest(&self) -> u64 {
        Shader::digest(self.kind, self.words)
    }
}

/// Entries of a store, without the code of its shaders.
#[derive(Default)]
struct Entries {
    shaders: HashMap<u64, ShaderKind>,
    recipes: HashSet<Recipe>,
    conversions: HashSet<Conversion>,
    /// Words before the first invalid record.
    good: usize,
}

impl Entries {
    /// Reads the valid part of a store.
    fn of(words: &[u32]) -> Result<Self, PipelineFileError> {
        check_header(words)?;
        let mut this = Self { good: HEADER.len(), ..Self::default() };
        while let Ok((kind, contents)) = record(&words[this.good..]) {
            match kind {
                TITLE => break,
                CONVERSION => {
                    this.conversions.insert(bytemuck::pod_read_unaligned(bytemuck::cast_slice(contents)));
                }
                RECIPE => {
                    let recipe: Recipe = bytemuck::pod_read_unaligned(bytemuck::cast_slice(contents));
                    // Runs ignore a recipe that refers to a missing shader.
                    if shaders_of(recipe).all(|(digest, kind)| this.shaders.get(&digest) == Some(&kind)) {
                        this.recipes.insert(recipe);
                    }
                }
                _ => {
                    let code = ShaderCode::of(kind, contents);
                    this.shaders.entry(code.digest()).or_insert(code.kind);
                }
            }
            this.good += FRAME_WORDS + contents.len();
        }
        Ok(this)
    }
}

/// Numbers of the entries of a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreCounts {
    /// Number of pipelines for draws.
    pub recipes: usize,
    /// Number of pipelines that convert pixels.
    pub conversions: usize,
    /// Number of shaders.
    pub shaders: usize,
    /// Bytes before the first invalid record; the next run drops the rest.
    pub good: usize,
}

impl StoreCounts {
    /// Counts the entries of a store.
    ///
    /// # Errors
    /// It is of another format or version.
    pub fn of(store: &[u8]) -> Result<Self, PipelineFileError> {
        let Entries { shaders, recipes, conversions, good } = Entries::of(&words_of(store))?;
        Ok(Self {
            recipes: recipes.len(),
            conversions: conversions.len(),
            shaders: shaders.len(),
            good: good * 4,
        })
    }
}

/// An exported file that is being written.
pub struct PipelineExporter {
    file: Vec<u8>,
    titles: usize,
}

impl Default for PipelineExporter {
    fn default() -> Self {
        Self { file: bytes(&HEADER).collect(), titles: 0 }
    }
}

impl PipelineExporter {
    /// Adds the valid part of a title's store.
    ///
    /// # Errors
    /// The store is of another format or version, or the file becomes too large.
    pub fn add(&mut self, title: &PipelineTitle, store: &[u8]) -> Result<StoreCounts, PipelineFileError> {
        let counts = StoreCounts::of(store)?;
        let mut records = Vec::new();
        append(&mut records, TITLE, &title.words());
        records.extend(&store[HEADER.len() * 4..counts.good]);
        if self.titles >= MAX_EXPORTED_TITLES || self.file.len() + records.len() > MAX_EXPORT_BYTES {
            return Err(PipelineFileError::TooLarge);
        }
        self.file.extend(records);
        self.titles += 1;
        Ok(counts)
    }

    /// The complete file.
    pub fn into_bytes(self) -> Vec<u8> {
        self.file
    }
}

/// Records of a title in an exported file.
#[derive(Debug)]
struct TitleRecords {
    title: PipelineTitle,
    /// Words of the records in the file.
    range: Range<usize>,
}

/// An exported file whose records are all valid.
#[derive(Debug)]
pub struct ExportedPipelines {
    words: Vec<u32>,
    titles: Vec<TitleRecords>,
}

/// Pipelines of a title in an exported file.
#[derive(Clone, Copy, Debug)]
pub struct ExportedTitle<'a> {
    /// Title to which they belong.
    pub title: &'a PipelineTitle,
    records: &'a [u32],
}

impl ExportedPipelines {
    /// Reads an exported file.
    ///
    /// # Errors
    /// A part of it is invalid.
    pub fn read(file: &[u8]) -> Result<Self, PipelineFileError> {
        if file.len() > MAX_EXPORT_BYTES {
            return Err(PipelineFileError::TooLarge);
        }
        let words = words_of(file);
        check_header(&words)?;
        let mut titles: Vec<TitleRecords> = Vec::new();
        let mut at = HEADER.len();
        while at < words.len() {
            let (kind, contents) = record(&words[at..]).map_err(|reason| invalid(at, reason))?;
            let end = at + FRAME_WORDS + contents.len();
            if kind == TITLE {
                if titles.len() >= MAX_EXPORTED_TITLES {
                    return Err(invalid(at, format!("it has more than {MAX_EXPORTED_TITLES} titles")));
                }
                let title = PipelineTitle::of(contents).map_err(|reason| invalid(at, reason))?;
                titles.push(TitleRecords { title, range: end..end });
            } else if let Some(last) = titles.last_mut() {
                last.range.end = end;
            } else {
                return Err(invalid(at, "a title's record is missing: it is a store, not an exported file"));
            }
            at = end;
        }
        if !file.len().is_multiple_of(4) {
            return Err(invalid(at, "the file ends within the header of a record"));
        }
        Ok(Self { words, titles })
    }

    /// Titles in the order of the file; a title may occur several times.
    pub fn titles(&self) -> impl Iterator<Item = ExportedTitle<'_>> {
        self.titles.iter().map(move |found| ExportedTitle {
            title: &found.title,
            records: &self.words[found.range.clone()],
        })
    }
}

#[cfg(test)]
mod tests;
