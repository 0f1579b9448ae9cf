//! C++ for titles: Debian's libstdc++ for PowerPC, on musl.
//!
//! It was built for glibc. guest/sdk/cxx provides what its headers and objects need from glibc;
//! musl has the rest under the same names.

use super::write_script;
use crate::commands::quietly;
use crate::programs::build::{GUEST, LINK, TITLE_LINK, compiler_include};
use crate::programs::library::CLibrary;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The C++ compiler, from the Debian package g++-powerpc-linux-gnu.
pub(super) const COMPILER: &str = "powerpc-linux-gnu-g++";
/// Name of the driver for C++.
pub(crate) const DRIVER: &str = "title-c++";
/// Functions of musl that are wrapped for libstdc++.
const WRAPPED: [&str; 3] = ["__newlocale", "__duplocale", "__freelocale"];

/// Folders of the C++ headers; empty without a compiler.
pub(super) fn headers() -> Result<Vec<String>> {
    let mut command = Command::new(COMPILER);
    let Ok(output) = command.args(["-E", "-v", "-x", "c++", "/dev/null"]).output() else {
        return Ok(Vec::new());
    };
    let messages = String::from_utf8(output.stderr)?;
    let folders =
        messages.lines().map(str::trim).filter(|line| line.starts_with('/') && line.contains("/c++/"));
    Ok(folders.map(str::to_owned).collect())
}

/// Builds the C++ support and writes the driver.
pub(super) fn provide(folder: &Path, sources: &Path, library: &CLibrary, headers: &[String]) -> Result<()> {
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
        path_text(&own.join("glibc_names.h"))
    );
    let include = [path_text(&library.include), compiler_include()?];
    for folder in headers.iter().chain(&include) {
        write!(compile, " -isystem {folder}")?;
    }
    let wraps: Vec<String> = WRAPPED.iter().map(|name| format!("-Wl,--wrap={name}")).collect();
    let system = path_text(&folder.join("libsystem.a"));
    // The compiler's library has 128-bit long doubles, besides ones like ours.
    let link = format!(
        "{compile} {} {} -Wl,--no-warn-mismatch {} -Wl,-T,{} -L{} {} {} \"$@\" {} -Wl,--start-group -lstdc++ -lgcc_eh -latomic \
         -lgcc {system} {} -Wl,--end-group {} {} {}",
        LINK.join(" "),
        TITLE_LINK.join(" "),
        wraps.join(" "),
        path_text(&sources.join("title.ld")),
        path_text(library.archive.parent().context("the library's folder")?),
        path_text(&object("start.S")),
        path_text(&object("frames_begin.S")),
        path_text(&object("runtime.c")),
        path_text(&library.archive),
        path_text(&folder.join("libkernel.a")),
        path_text(&object("frames_end.S")),
        path_text(&object("tls_end.S")),
    );
    write_script(&folder.join(DRIVER), "g++", &compile, &link)
}

/// Whether a file is C++ source.
pub(super) fn is_source(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ["cpp", "cc", "cxx", "C"].iter().any(|one| ending == *one))
}

/// The C++ driver beside the C driver.
pub(crate) fn driver(compiler: &Path) -> PathBuf {
    compiler.with_file_name(DRIVER)
}

fn path_text(path: &Path) -> String {
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
