//! Builds programs from a seed: csmith, then the cross compiler once for the reference and once per
//! level for the title.

use crate::commands::{self, quietly};
use crate::files;
use crate::programs::build::{COMPILER, compiler_include};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Flags of both sides. Without strict aliasing, with wrapping signed arithmetic and without
/// contraction of a product and a sum, the programs have the same meaning at every level.
const COMMON: &[&str] = &[
    "-m32",
    "-w",
    "-std=gnu11",
    "-ffreestanding",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-ffp-contract=off",
    "-fno-pic",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    // memcpy and similar functions in guest/runtime must not be compiled to calls of themselves.
    "-fno-tree-loop-distribute-patterns",
    "-G",
    "0",
    "-msdata=none",
    "-nostdinc",
];
const LINK: &[&str] =
    &["-nostdlib", "-static", "-no-pie", "-Wl,-z,noexecstack", "-Wl,-z,norelro", "-Wl,--build-id=none"];
const REFERENCE: &[&str] = &["-mcpu=powerpc", "-DREFERENCE"];
const TITLE: &[&str] = &["-mcpu=cell", "-maltivec", "-mabi=altivec"];
const TITLE_LINK: &[&str] = &["-Wl,-Ttext=0x82010000", "-Wl,-z,max-page-size=0x10000"];

/// The variant of program that a seed selects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Variant {
    /// Options of csmith besides the seed.
    pub(crate) generate: Vec<&'static str>,
    /// The title's instruction set, with or without 64-bit instructions, and the flags that this
    /// requires.
    pub(crate) model: &'static [&'static str],
}

impl Variant {
    /// Programs alternate between four variants: with and without 64-bit instructions, with and
    /// without floating point. With `-m32 -mpowerpc64`, gcc 12 can lose the hidden pointer of a
    /// function that returns a struct, so those programs return no structs; the others do. gcc's
    /// global common subexpression elimination can also drop the frame pointer from the address of
    /// an array element (seed 177 at -O2 then reads address 0x7C), so that pass is disabled there.
    pub(crate) fn of_seed(seed: u64) -> Self {
        let wide = !seed.is_multiple_of(2);
        let mut generate = if wide { vec!["--no-return-structs"] } else { Vec::new() };
        if seed % 4 >= 2 {
            generate.push("--float");
        }
        Self { generate, model: if wide { &["-mpowerpc64", "-fno-gcse"] } else { &["-mno-powerpc64"] } }
    }
}

/// How the program is built for one of the sides that are compared.
struct CsmithSide<'a> {
    /// Name of its file.
    output: &'static str,
    /// The compiler's flags.
    flags: &'a [&'static str],
    /// The linker's flags.
    link: &'static [&'static str],
    /// Object files that it is linked with.
    support: &'a [PathBuf],
}

/// Compiles programs in a working folder.
pub(crate) struct CsmithBuilder {
    folder: PathBuf,
    guest: PathBuf,
    include: String,
    reference_support: Vec<PathBuf>,
    title_support: Vec<PathBuf>,
}

impl CsmithBuilder {
    /// Creates `folder` and compiles the code shared by all programs into it.
    pub(crate) fn new(folder: &Path) -> Result<Self> {
        files::create_folder(folder)?;
        let folder = folder.canonicalize()?;
        // Otherwise csmith would measure the host's types.
        files::write(folder.join("platform.info"), "integer size = 4\npointer size = 4\n")?;
        let include = compiler_include()?;
        let guest = Path::new("guest").canonicalize().context("no folder guest here")?;
        let mut builder =
            Self { folder, guest, include, reference_support: Vec::new(), title_support: Vec::new() };
        for source in ["csmith/start_reference.S", "csmith/support.c", "runtime/memory.c"] {
            let object = builder.support("reference", REFERENCE, source)?;
            builder.reference_support.push(object);
        }
        for source in ["runtime/start.S", "csmith/support.c", "runtime/memory.c"] {
            // For every CPU model of the titles: no 64-bit instructions.
            let object = builder.support("title", TITLE, source)?;
            builder.title_support.push(object);
        }
        Ok(builder)
    }

    fn support(&self, side: &str, flags: &[&str], source: &str) -> Result<PathBuf> {
        let object = self.folder.join(format!("{side}_{}.o", source.replace('/', "_")));
        let mut compile = self.compiler();
        compile.args(flags).args(["-O2", "-c", "-o"]).arg(&object).arg(self.guest.join(source));
        quietly(&mut compile)?;
        Ok(object)
    }

    fn compiler(&self) -> Command {
        let mut command = Command::new(COMPILER);
        command.current_dir(&self.folder).args(COMMON);
        command.arg("-I").arg(self.guest.join("csmith/include"));
        command.args(["-isystem", &self.include, "-isystem", "/usr/include/csmith"]);
        command
    }

    /// Generates the program of `seed`; `None` if csmith gives up, as it does for some seeds.
    pub(crate) fn generate(&self, seed: u64, variant: &Variant) -> Result<Option<PathBuf>> {
        let source = self.folder.join("program.c");
        let mut csmith = Command::new("csmith");
        csmith.current_dir(&self.folder).args(["--seed", &seed.to_string(), "--output"]).arg(&source);
        let output = commands::output(csmith.args(&variant.generate))?;
        Ok(output.status.success().then_some(source))
    }

    fn program(&self, source: &Path, level: u8, side: &CsmithSide<'_>) -> Result<PathBuf> {
        let CsmithSide { output, flags, link, support } = *side;
        let object = self.folder.join("program.o");
        let level = format!("-O{level}");
        let mut compile = self.compiler();
        compile.args(flags).args([&level, "-Dmain=csmith_main", "-c", "-o"]).arg(&object).arg(source);
        quietly(&mut compile)?;
        let output = self.folder.join(output);
        let mut command = Command::new(COMPILER);
        command.arg("-m32").args(LINK).args(link).arg("-o").arg(&output).arg(&object).args(support);
        quietly(command.arg("-lgcc"))?;
        Ok(output)
    }

    /// Builds the program for Linux, to run under qemu-ppc.
    pub(crate) fn reference(&self, source: &Path, level: u8) -> Result<PathBuf> {
        let support = &self.reference_support;
        let side = CsmithSide { output: "reference", flags: REFERENCE, link: &[], support };
        self.program(source, level, &side)
    }

    /// Builds the program as a plain-ELF title.
    pub(crate) fn title(&self, source: &Path, variant: &Variant, level: u8) -> Result<PathBuf> {
        let flags: Vec<_> = TITLE.iter().chain(variant.model).copied().collect();
        let support = &self.title_support;
        let side = CsmithSide { output: "title.elf", flags: &flags, link: TITLE_LINK, support };
        self.program(source, level, &side)
    }

    /// Keeps source, title and expected text of a program that differs; returns their folder.
    pub(crate) fn keep(&self, seed: u64, level: u8, title: &Path, expected: &str) -> Result<PathBuf> {
        let folder = self.folder.join(format!("failed/{seed}_O{level}"));
        files::create_folder(&folder)?;
        files::copy(self.folder.join("program.c"), folder.join("program.c"))?;
        files::copy(title, folder.join("title.elf"))?;
        files::write(folder.join("expected.txt"), expected)?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_consecutive_seeds_select_four_variants() {
        for seed in 0..4 {
            for other in 0..seed {
                assert_ne!(Variant::of_seed(seed), Variant::of_seed(other));
            }
            assert_eq!(Variant::of_seed(seed), Variant::of_seed(seed + 4));
            let returns_structs = !Variant::of_seed(seed).generate.contains(&"--no-return-structs");
            assert_eq!(returns_structs, Variant::of_seed(seed).model == ["-mno-powerpc64"]);
        }
    }
}
