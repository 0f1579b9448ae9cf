//! Readers and writers of every format, over files that the builders in `support` make.

mod archives;
mod damage;
mod elf;
mod formats;
mod gdfx;
mod gpd;
mod lzx;
mod pack;
mod sample_title;
mod stfs;
mod support;
mod xdbf;
mod xex;
mod xex1;
mod xex_limits;
mod xexp;
