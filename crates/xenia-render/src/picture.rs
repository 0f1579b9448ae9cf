//! Settings of the picture: scaling, aspect ratio, appearance and pacing.

mod appearance;
pub(crate) mod aspect;
mod scaling;
mod settings;

pub use appearance::{Appearance, BRIGHTNESS, GAMMA, MAX_OVERSCAN};
pub use aspect::AspectRatio;
pub use scaling::{Filter, Scaling};
pub(crate) use scaling::{Rectangle, place};
pub use settings::{FramePacing, PictureChange, PictureSettings};
