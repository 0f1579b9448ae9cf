//! C++ for titles: Debian's libstdc++ for the machine, on musl.
//!
//! It was built for glibc. guest/sdk/cxx has what its headers and its objects want of glibc; the
//! rest musl has under the same names.

use super::{compiler_include, write_script};
use crate::programs::build::{GUEST, LINK, TITLE_LINK};
use crate::programs::library::Library;
use crate::programs::quietly;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Debian package g++-powerpc-linux-gnu has it.
pub(super) const COMPILER: &str = "powerpc-linux-gnu-g++";
/// What stands for it.
pub(crate) const DRIVER: &str = "title-c++";
/// Functions of musl that libstdc++ is given others for.
const WRAPPED: [&str; 3] = ["__newlocale", "__duplocale", "__freelocale"];

/// Where its own headers are; nothing where there is no compiler.
pub(super) fn headers() -> Result<Vec<String>> {
    let mut command = Command::new(COMPILER);
    let Ok(output) = command.args(["-E", "-v", "-x", "c++", "/dev/null"]).output() else {
        return Ok(Vec::new());
    };
    let said = String::from_utf8(output.stderr)?;
    let folders = said.lines().map(str::trim).filter(|line| line.starts_with('/') && line.contains("/c++/"));
    Ok(folders.map(str::to_owned).collect())
}

/// Builds what it needs and writes the driver.
pub(super) fn provide(folder: &Path, sources: &Path, library: &Library, headers: &[String]) -> Result<()> {
    let own = sources.join("cxx");
    let objects = folder.join("objects");
    let object = |name: &str| objects.join(format!("{name}.o"));
    for name in ["runtime.c", "frames_begin.S", "frames_end.S"] {
        let mut command = Command::new(folder.join("title-cc"));
        command.args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-c"]).arg(own.join(name));
        quietly(command.arg("-o").arg(object(name)))?;
    }
    let mut compile = format!(
        "{COMPILER} {} -nostdinc -nostdinc++ -include {}",
        GUEST.join(" "),
        shown(&own.join("glibc_names.h"))
    );
    let include = [shown(&library.include), compiler_include()?];
    for folder in headers.iter().chain(&include) {
        write!(compile, " -isystem {folder}")?;
    }
    let wraps: Vec<String> = WRAPPED.iter().map(|name| format!("-Wl,--wrap={name}")).collect();
    let system = shown(&folder.join("libsystem.a"));
    // The compiler's own library has long doubles of 128 bits, beside such as ours.
    let link = format!(
        "{compile} {} {} -Wl,--no-warn-mismatch {} -Wl,-T,{} -L{} {} {} \"$@\" {} -Wl,--start-group -lstdc++ -lgcc_eh -latomic \
         -lgcc {system} {} -Wl,--end-group {} {} {}",
        LINK.join(" "),
        TITLE_LINK.join(" "),
        wraps.join(" "),
        shown(&sources.join("title.ld")),
        shown(library.archive.parent().context("the library's folder")?),
        shown(&object("start.S")),
        shown(&object("frames_begin.S")),
        shown(&object("runtime.c")),
        shown(&library.archive),
        shown(&folder.join("libkernel.a")),
        shown(&object("frames_end.S")),
        shown(&object("tls_end.S")),
    );
    write_script(&folder.join(DRIVER), "g++", &compile, &link)
}

/// Whether a file is one of C++.
pub(super) fn is_source(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ["cpp", "cc", "cxx", "C"].iter().any(|one| ending == *one))
}

/// The driver beside that for C.
pub(crate) fn driver(compiler: &Path) -> PathBuf {
    compiler.with_file_name(DRIVER)
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_of_cxx_are_known_by_their_endings() {
        assert!(["a.cpp", "b/a.cc", "a.cxx", "a.C"].iter().all(|name| is_source(Path::new(name))));
        assert!(!["a.c", "a.o", "cpp", "a.h"].iter().any(|name| is_source(Path::new(name))));
    }
}
