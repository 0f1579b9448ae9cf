//! From indices to corners of triangles: what any backend may begin a draw with.
//!
//! ```text
//!  indices ─► vertex shader ─► primitives ─► corners of triangles, in clip space
//!                ▲    └─ patches are cut first
//!        the interpreter
//! ```
//!
//! A backend whose host shades vertices itself takes [`indices`], or [`Triangles`] where the host
//! hasn't the primitive; the reference takes everything.

mod assemble;
mod expand;
mod indices;
mod outline;
mod segment;
mod subdivide;
mod tessellate;
mod vertex;

pub(crate) use assemble::{Corner, Facing, triangles};
pub use expand::{Expander, Triangles};
pub(crate) use indices::index_range;
pub use indices::{MAX_COUNT, indices};
pub(crate) use segment::{LEAST_W, Plane, depth_planes, distance, homogeneous};
pub(crate) use vertex::shade;
