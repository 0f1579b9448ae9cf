//! Geometry: from indices to the corners of triangles, the front end shared by all backends.
//!
//! ```text
//!  indices ─► vertex shader ─► primitives ─► corners of triangles, in clip space
//!                ▲    └─ patches are tessellated first
//!        the interpreter
//! ```
//!
//! A backend that shades vertices on the host uses [`IndexReader`], and [`Triangles`] for
//! primitives that it can't expand there; the reference backend uses everything.

mod assemble;
mod expand;
mod indices;
mod outline;
mod segment;
mod subdivide;
mod tessellate;
mod vertex;

pub(crate) use assemble::{Corner, Facing, triangles};
pub use expand::{Expander, Triangles, corner_interpolators};
pub use indices::{IndexReader, MAX_COUNT, index_range};
pub use segment::MIN_W;
pub(crate) use segment::{Plane, depth_planes, distance, homogeneous};
pub(crate) use vertex::{ShadingInputs, shade};
