//! Merge of a title's exported pipelines into a store: entries of the store stay, new ones follow.

use std::collections::HashMap;

use super::super::super::super::conversion::Conversion;
use super::super::super::super::recipe::Recipe;
use super::super::super::MAX_PIPELINES;
use super::super::{
    CONVERSION, FRAME_WORDS, HEADER, MAX_CONVERSIONS, MAX_STORE_BYTES, RECIPE, append, bytes, record,
    shader_record, words_of,
};
use super::{Entries, ExportedTitle, PipelineFileError, ShaderCode, shaders_of};

/// Numbers of exported entries by their result in a merge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MergeCounts {
    /// Number of entries that were added to the store.
    pub new: usize,
    /// Number of entries that the store had.
    pub known: usize,
    /// Number of entries that were left out: the store is full, or their shader is missing.
    pub refused: usize,
}

impl MergeCounts {
    fn add(&mut self, outcome: MergeOutcome) {
        match outcome {
            MergeOutcome::New => self.new += 1,
            MergeOutcome::Known => self.known += 1,
            MergeOutcome::Refused => self.refused += 1,
        }
    }
}

/// Result of a merge.
#[derive(Debug, PartialEq, Eq)]
pub struct MergedStore {
    /// The store with the new entries.
    pub file: Vec<u8>,
    /// Bytes at the beginning of `file` that the present store has, too.
    pub kept: usize,
    /// Numbers of pipelines for draws.
    pub recipes: MergeCounts,
    /// Numbers of pipelines that convert pixels.
    pub conversions: MergeCounts,
    /// Number of shaders that were added.
    pub shaders: usize,
    /// Damaged bytes at the end of the present store, which `file` lacks.
    pub dropped: usize,
}

impl MergedStore {
    /// Whether anything was added to the store.
    pub fn is_changed(&self) -> bool {
        self.recipes.new + self.conversions.new > 0
    }
}

impl ExportedTitle<'_> {
    /// Merges the pipelines into a store; an empty one is new.
    ///
    /// # Errors
    /// The store is of another format or version.
    pub fn merge_into(&self, store: &[u8]) -> Result<MergedStore, PipelineFileError> {
        let mut merge = Merge::new(store)?;
        let mut conversions = MergeCounts::default();
        let mut recipes = MergeCounts::default();
        let mut rest = self.records;
        while let Ok((kind, contents)) = record(rest) {
            match kind {
                CONVERSION => conversions.add(merge.add_conversion(contents)),
                RECIPE => recipes.add(merge.add_recipe(contents)),
                _ => merge.offer(ShaderCode::of(kind, contents)),
            }
            rest = &rest[FRAME_WORDS + contents.len()..];
        }
        let Merge { file, kept, shaders_added, dropped, .. } = merge;
        Ok(MergedStore { file, kept, recipes, conversions, shaders: shaders_added, dropped })
    }
}

/// Result of merging an exported entry.
#[derive(Clone, Copy)]
enum MergeOutcome {
    New,
    Known,
    Refused,
}

/// A store to which entries are added.
struct Merge<'a> {
    file: Vec<u8>,
    /// Bytes of the present store in `file`.
    kept: usize,
    entries: Entries,
    /// Exported shaders. Those that no new recipe needs are not added.
    offered: HashMap<u64, ShaderCode<'a>>,
    shaders_added: usize,
    dropped: usize,
}

impl<'a> Merge<'a> {
    fn new(store: &[u8]) -> Result<Self, PipelineFileError> {
        // A run that ended while it made the store may have left a part of the header.
        let is_begun = store.len() >= HEADER.len() * 4;
        let entries = if is_begun { Entries::of(&words_of(store))? } else { Entries::default() };
        let kept = entries.good * 4;
        let file = if is_begun { store[..kept].to_vec() } else { bytes(&HEADER).collect() };
        let dropped = store.len().saturating_sub(file.len());
        Ok(Self { file, kept, entries, offered: HashMap::new(), shaders_added: 0, dropped })
    }

    /// Appends records, unless the store would become too large.
    fn append(&mut self, records: &[u8]) -> bool {
        let fits = self.file.len() + records.len() <= MAX_STORE_BYTES;
        if fits {
            self.file.extend(records);
        }
        fits
    }

    fn offer(&mut self, code: ShaderCode<'a>) {
        self.offered.entry(code.digest()).or_insert(code);
    }

    fn add_conversion(&mut self, words: &[u32]) -> MergeOutcome {
        let conversion: Conversion = bytemuck::pod_read_unaligned(bytemuck::cast_slice(words));
        if self.entries.conversions.contains(&conversion) {
            return MergeOutcome::Known;
        }
        let mut records = Vec::new();
        append(&mut records, CONVERSION, words);
        if self.entries.conversions.len() >= MAX_CONVERSIONS || !self.append(&records) {
            return MergeOutcome::Refused;
        }
        self.entries.conversions.insert(conversion);
        MergeOutcome::New
    }

    /// Adds a recipe after the shaders that it refers to.
    fn add_recipe(&mut self, words: &[u32]) -> MergeOutcome {
        let recipe: Recipe = bytemuck::pod_read_unaligned(bytemuck::cast_slice(words));
        if self.entries.recipes.contains(&recipe) {
            return MergeOutcome::Known;
        }
        let mut records = Vec::new();
        let mut added = Vec::new();
        for (digest, kind) in shaders_of(recipe) {
            match self.entries.shaders.get(&digest) {
                Some(known) if *known == kind => {}
                // A vertex and a pixel shader with equal hashes can't be in one store.
                Some(_) => return MergeOutcome::Refused,
                None => {
                    let code = self.offered.get(&digest).filter(|code| code.kind == kind);
                    let Some(code) = code else { return MergeOutcome::Refused };
                    append(&mut records, shader_record(kind), code.words);
                    added.push((digest, kind));
                }
            }
        }
        append(&mut records, RECIPE, words);
        if self.entries.recipes.len() >= MAX_PIPELINES || !self.append(&records) {
            return MergeOutcome::Refused;
        }
        self.shaders_added += added.len();
        self.entries.shaders.extend(added);
        self.entries.recipes.insert(recipe);
        MergeOutcome::New
    }
}
