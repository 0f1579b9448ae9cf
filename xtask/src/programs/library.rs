//! The guest's C library: musl, whose system calls go to a function that each system layer
//! provides.

use super::build::{COMPILER, GUEST};
use super::catalogue::LIBRARY;
use super::fetch;
use crate::commands::quietly;
use crate::files;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files for compiling and linking a program.
#[derive(Debug)]
pub(crate) struct CLibrary {
    pub(crate) include: PathBuf,
    pub(crate) archive: PathBuf,
    /// musl's start-up code for Linux.
    pub(crate) linux_start: PathBuf,
}

impl CLibrary {
    /// Builds the library, unless it exists for the same sources and flags.
    pub(crate) fn provide(folder: &Path, system: &Path) -> Result<Self> {
        let installed = folder.join("library");
        let calls = files::read_text(system.join("syscall_arch.h"))?;
        let made_of = format!("{GUEST:?}\n{calls}");
        let stamp = folder.join("library.stamp");
        if std::fs::read_to_string(&stamp).is_ok_and(|text| text == made_of) && installed.is_dir() {
            return Ok(Self::at(&installed));
        }
        println!("building the guest's C library");
        let source = folder.join("library-build");
        for old in [&source, &installed] {
            files::remove_folder(old)?;
        }
        quietly(Command::new("cp").arg("-r").arg(fetch::unpacked(folder, LIBRARY)).arg(&source))?;
        files::write(source.join("arch/powerpc/syscall_arch.h"), calls)?;
        let mut configure = Command::new("sh");
        configure.current_dir(&source).args(["./configure", "--target=powerpc", "--disable-shared"]);
        configure.arg(format!("--prefix={}", installed.display()));
        configure.arg(format!("CFLAGS={}", GUEST.join(" ")));
        let tool = |name: &str| COMPILER.replace("gcc", name);
        quietly(configure.env("CC", COMPILER).env("AR", tool("ar")).env("RANLIB", tool("ranlib")))?;
        let jobs = std::thread::available_parallelism().map_or(1, usize::from);
        let mut make = Command::new("make");
        make.current_dir(&source).args(["-s", &format!("-j{jobs}"), "install-headers", "install-libs"]);
        quietly(&mut make).context("building musl (Debian package make)")?;
        files::write(&stamp, made_of)?;
        Ok(Self::at(&installed))
    }

    fn at(installed: &Path) -> Self {
        let file = |name| installed.join(name);
        Self { include: file("include"), archive: file("lib/libc.a"), linux_start: file("lib/crt1.o") }
    }
}
