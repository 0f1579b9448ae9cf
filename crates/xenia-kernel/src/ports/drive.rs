//! Disc drive: source of the other discs of a title.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use xenia_formats::Volume;
use xenia_guest::TitleId;

/// Identifies a disc of a title.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DiscId {
    pub title: TitleId,
    /// Disc number, counted from 1.
    pub number: u8,
}

/// Contents of a disc.
#[derive(Clone, Debug)]
pub enum Disc {
    /// A folder of the host.
    Folder(PathBuf),
    /// A disc image, package or archive.
    Volume(Arc<Volume>),
}

/// Disc drive port.
pub trait Drive: Send {
    /// The disc, if it was prepared beforehand.
    fn ready(&mut self, _disc: DiscId) -> Option<Disc> {
        None
    }

    /// Opens the disc at a host path that the user named; an error says why it is not that disc.
    fn insert(&mut self, _disc: DiscId, place: &str) -> Result<Disc, String> {
        Err(format!("{place} can't be opened: there is no drive"))
    }
}

/// A drive without other discs.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoDrive;

impl Drive for NoDrive {}
