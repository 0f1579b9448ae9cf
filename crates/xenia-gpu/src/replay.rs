//! Replay of traces: [`Player`] plays one on a command processor, and [`narrate`] turns one into
//! text.

mod narrate;
mod play;

pub use narrate::{Narration, narrate};
pub use play::{Player, Summary};
