//! Text: character sets and format strings.

pub mod characters;
pub mod printf;
