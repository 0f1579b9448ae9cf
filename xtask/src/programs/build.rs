//! Builds three programs from the sources: a plain-ELF title, the same objects for qemu-ppc, and a
//! native one.

use super::catalogue::{ProgramDescription, ProgramSources};
use super::fetch;
use super::library::CLibrary;
use crate::commands::{on_threads, printed, quietly, results_or_failures};
use crate::files;
use anyhow::{Context, Result, bail};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const COMPILER: &str = "powerpc-linux-gnu-gcc";

/// Flags of the guest's code, including the library. It has no 64-bit instructions: qemu-ppc has no
/// model with both AltiVec and those, and qemu-ppc64 refuses 32-bit programs. The 7450 has no
/// instruction for square roots, but qemu's model of it and the console have.
pub(crate) const GUEST: &[&str] = &[
    "-m32",
    "-mcpu=7450",
    "-mtune=cell",
    "-mlong-double-64",
    "-G0",
    "-msdata=none",
    "-O2",
    "-fno-pic",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-ffp-contract=off",
    "-ffunction-sections",
    "-fdata-sections",
    // Makes the library use the square-root instruction.
    "-D_ARCH_PPCSQ",
];

/// Flags after [`GUEST`] of [wide](ProgramDescription::wide) programs: the console's compilers use
/// 64-bit instructions in 32-bit programs. gcc 12 miscompiles some of them unless one pass is
/// disabled: in Lua's parser it generates a call through a null pointer.
pub(crate) const WIDE: &[&str] = &["-mcpu=cell", "-mpowerpc64", "-fno-gcse"];

/// Compiler flags of both sides, so that programs have the same meaning.
const COMMON: &[&str] = &[
    "-O2",
    "-std=gnu11",
    "-w",
    "-fno-strict-aliasing",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fsigned-char",
    "-ffunction-sections",
    "-fdata-sections",
];
/// Linker flags of a title.
pub(crate) const LINK: &[&str] =
    &["-nostdlib", "-static", "-no-pie", "-Wl,--gc-sections", "-Wl,-z,noexecstack", "-Wl,--build-id=none"];
/// Link addresses of a title.
pub(crate) const TITLE_LINK: &[&str] =
    &["-Wl,-Ttext=0x82010000", "-Wl,-z,max-page-size=0x10000", "-Wl,-z,norelro"];

/// Folder of the compiler's own headers, which `-nostdinc` leaves out.
pub(crate) fn compiler_include() -> Result<String> {
    let folder = printed(Command::new(COMPILER).arg("-print-file-name=include"))?;
    Ok(folder.trim().to_owned())
}

/// Builds programs over one library.
pub(crate) struct Builder {
    folder: PathBuf,
    described: PathBuf,
    library: CLibrary,
    /// The compiler's own headers.
    compiler_include: String,
}

impl Builder {
    /// Provides the library. `described` is the folder of program folders.
    pub(crate) fn new(folder: &Path, described: &Path) -> Result<Self> {
        let described = described.canonicalize()?;
        let library = CLibrary::provide(folder, &described.join("system"))?;
        Ok(Self { folder: folder.to_owned(), described, library, compiler_include: compiler_include()? })
    }

    /// Builds programs that are not up to date; returns how many were built. One that can't be
    /// built does not keep the others from it; the error lists all.
    pub(crate) fn build(&self, programs: &[&ProgramDescription]) -> Result<usize> {
        let workers = std::thread::available_parallelism()?.get();
        let provide = |program: &&ProgramDescription| -> Result<_> {
            Ok(self.provide(program).with_context(|| format!("building {}", program.name)))
        };
        let rebuilt = results_or_failures(on_threads(workers, programs.iter(), provide)?)?;
        Ok(rebuilt.into_iter().filter(|&is_new| is_new).count())
    }

    /// Builds one program if one of our files for it has changed; returns whether it did.
    fn provide(&self, program: &ProgramDescription) -> Result<bool> {
        let stamp = self.folder.join(format!("{}.stamp", program.name));
        let made_of = self.made_of(program)?;
        let outputs = [program.title(), program.for_qemu(), program.native()];
        if std::fs::read_to_string(&stamp).is_ok_and(|text| text == made_of)
            && outputs.iter().all(|name| self.folder.join(name).is_file())
        {
            return Ok(false);
        }
        let work = self.folder.join("objects").join(&program.name);
        files::renew_folder(&work)?;
        for file in &program.embed {
            embed(&self.described.join(&program.name).join(file), &work)?;
        }
        self.guest(program, &work)?;
        self.native(program, &work)?;
        files::write(&stamp, made_of)?;
        Ok(true)
    }

    /// A hash of all our files for a program; packages don't change.
    fn made_of(&self, program: &ProgramDescription) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        (GUEST, WIDE, program.wide, COMMON, LINK, TITLE_LINK).hash(&mut hasher);
        (&program.define, &program.embed, &program.name, program.repeats).hash(&mut hasher);
        for part in &program.parts {
            (&part.name, &part.files, &part.exclude, &part.include).hash(&mut hasher);
        }
        for folder in ["system", &program.name] {
            hash_folder(&self.described.join(folder), &mut hasher)?;
        }
        Ok(format!("{:016x}\n", hasher.finish()))
    }

    /// All sources: ours first, then the packages'.
    fn sources(&self, program: &ProgramDescription) -> Result<Vec<PathBuf>> {
        let own = self.described.join(&program.name);
        let mut sources = vec![self.described.join("system/driver.c")];
        let pattern = "*.c".to_owned();
        sources.extend(matching(&own, &pattern)?);
        for part in &program.parts {
            sources.extend(self.sources_of(part)?);
        }
        Ok(sources)
    }

    fn sources_of(&self, part: &ProgramSources) -> Result<Vec<PathBuf>> {
        let root = fetch::unpacked(&self.folder, &part.name);
        let excluded = |path: &PathBuf| {
            let path_text = path.strip_prefix(&root).unwrap_or(path).to_string_lossy();
            part.exclude.iter().any(|pattern| matches(pattern, &path_text))
        };
        let mut sources = Vec::new();
        for pattern in &part.files {
            let mut found = matching(&root, pattern)?;
            if found.is_empty() {
                bail!("{} has no {pattern}", part.name);
            }
            found.retain(|path| !excluded(path));
            sources.append(&mut found);
        }
        Ok(sources)
    }

    /// Include folders: ours first, so that they override a package's headers, then the packages'.
    fn headers(&self, program: &ProgramDescription, work: &Path) -> Vec<PathBuf> {
        let mut folders = vec![self.described.join("system"), work.to_owned()];
        let own = self.described.join(&program.name);
        folders.extend([own.clone(), own.join("src")].into_iter().filter(|folder| folder.is_dir()));
        for part in &program.parts {
            let root = fetch::unpacked(&self.folder, &part.name);
            folders.extend(part.include.iter().map(|folder| root.join(folder)));
        }
        folders
    }

    /// Compiles every source of `program` with `compiler`; returns the objects.
    fn compile(
        &self,
        compiler: impl Fn() -> Command,
        program: &ProgramDescription,
        work: &Path,
        side: &str,
    ) -> Result<Vec<PathBuf>> {
        let headers = self.headers(program, work);
        let mut objects = Vec::new();
        for (index, source) in self.sources(program)?.iter().enumerate() {
            let object = work.join(format!("{side}_{index}.o"));
            let mut command = compiler();
            command.args(COMMON);
            for folder in &headers {
                command.arg("-I").arg(folder);
            }
            command.args(program.define.iter().map(|symbol| format!("-D{symbol}")));
            command.arg(format!("-DREPEATS={}", program.repeats));
            quietly(command.arg("-c").arg(source).arg("-o").arg(&object))?;
            objects.push(object);
        }
        Ok(objects)
    }

    fn cross(&self) -> Command {
        let mut command = Command::new(COMPILER);
        command.args(GUEST).arg("-nostdinc").arg("-isystem").arg(&self.library.include);
        command.args(["-isystem", &self.compiler_include]);
        command
    }

    fn guest(&self, program: &ProgramDescription, work: &Path) -> Result<()> {
        let objects = self.compile(|| self.cross(), program, work, "guest")?;
        let wide = || {
            let mut command = self.cross();
            command.args(WIDE);
            command
        };
        // qemu's program keeps the 32-bit subset, and must compute the same answer.
        let of_title =
            if program.wide { self.compile(wide, program, work, "wide")? } else { objects.clone() };
        let layer = |name: &str| -> Result<PathBuf> {
            let object = work.join(format!("{name}.o"));
            let mut command = self.cross();
            command.args(["-w", "-c"]).arg(self.described.join("system").join(name));
            quietly(command.arg("-o").arg(&object))?;
            Ok(object)
        };
        let link = |to: String, flags: &[&str], start: &[PathBuf], objects: &[PathBuf]| {
            let mut command = Command::new(COMPILER);
            command.arg("-m32").args(LINK).args(flags).arg("-o").arg(self.folder.join(to));
            command.args(start).args(objects).arg(&self.library.archive).arg("-lgcc");
            quietly(command.arg(&self.library.archive))
        };
        link(program.title(), TITLE_LINK, &[layer("title_start.S")?, layer("title.c")?], &of_title)?;
        link(program.for_qemu(), &[], &[self.library.linux_start.clone(), layer("linux.S")?], &objects)
    }

    fn native(&self, program: &ProgramDescription, work: &Path) -> Result<()> {
        let objects = self.compile(|| Command::new("cc"), program, work, "native")?;
        let mut command = Command::new("cc");
        command.arg("-Wl,--gc-sections").arg("-o").arg(self.folder.join(program.native()));
        quietly(command.args(&objects).arg("-lm"))
    }
}

/// Writes `file` as a C array into `work`.
fn embed(file: &Path, work: &Path) -> Result<()> {
    let bytes = files::read(file)?;
    let name = file.file_name().context("a file's name")?.to_string_lossy().replace('.', "_");
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    let text = format!("static const char {name}[{}] = {{{}}};\n", bytes.len(), numbers.join(","));
    files::write(work.join(format!("{name}.h")), text)
}

/// Hashes the files below a folder, with their paths, but for descriptions of programs.
pub(crate) fn hash_folder(folder: &Path, hasher: &mut DefaultHasher) -> Result<()> {
    for path in files::list(folder)? {
        if path.is_dir() {
            hash_folder(&path, hasher)?;
        } else if path.file_name().is_some_and(|name| name != "program.toml") {
            path.hash(hasher);
            files::read(&path)?.hash(hasher);
        }
    }
    Ok(())
}

/// The files under `root` that match a pattern, in order; a `*` in the last part matches any text.
fn matching(root: &Path, pattern: &str) -> Result<Vec<PathBuf>> {
    let (folder, file) = pattern.rsplit_once('/').unwrap_or((".", pattern));
    let folder = if folder == "." { root.to_owned() } else { root.join(folder) };
    let mut found = Vec::new();
    for path in files::list(&folder)? {
        if matches(file, &path.file_name().unwrap_or_default().to_string_lossy()) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Whether `text` matches `pattern`.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let parts: Vec<_> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_in_a_pattern_match_any_characters() {
        for (pattern, text, does) in [
            ("a.c", "a.c", true),
            ("a.c", "a.cc", false),
            ("*.c", "a.c", true),
            ("*.c", "a.h", false),
            ("*_mt.c", "stream_decoder_mt.c", true),
            ("png*.c", "pngread.c", true),
            ("png*.c", "apng.c", false),
            ("*lzip*.c", "lzip_decoder.c", true),
            ("*lzip*.c", "lz_decoder.c", false),
        ] {
            assert_eq!(matches(pattern, text), does, "{pattern} {text}");
        }
    }
}
