//! `cargo xtask deploy-check`: checks deploy/ as far as possible without a cluster.
//!
//! - The Kubernetes manifest is validated against the schema of batch/v1 by a validator on the
//!   path: kubeconform, or kubernetes-validate (a Python package that includes the schemas).
//! - The container file's steps are executed in an empty folder: the files that it copies, the
//!   libraries that these need, a shell. In that folder, as the container's user, the manifest's
//!   command runs every index of a small sweep.

use crate::apt::has;
use crate::built::program;
use crate::commands::{self, run};
use crate::files;
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MANIFEST: &str = "deploy/kubernetes/sweep.yaml";
const CONTAINER: &str = "deploy/container/Containerfile";
/// Key of the number of indexes in the manifest.
const INDEXES: &str = "completions:";
/// Validators, and the options that make them reject keys outside the schema.
const VALIDATORS: [(&str, &[&str]); 2] =
    [("kubeconform", &["-strict", "-summary"]), ("kubernetes-validate", &["--strict"])];
/// One unit for each of a few shards.
const SPEC: &str = "[[title]]\npath = \"hello.xex\"\ninstructions = 28\nengines = [\"interp\", \"jit\"]\n\
                    [[fuzz]]\nseeds = \"1..6\"\nblocks = 1\nbatch = 1\n";

/// Checks the manifest and the container file.
pub(crate) fn deploy_check() -> Result<()> {
    match VALIDATORS.iter().find(|(validator, _)| has(validator)) {
        Some((validator, flags)) => run(Command::new(validator).args(*flags).arg(MANIFEST))?,
        None => println!("missing: kubeconform or kubernetes-validate, skipped: the manifest's schema"),
    }
    let user = commands::output(Command::new("id").arg("-u"))?;
    if user.stdout != b"0\n" {
        println!("missing: the right to change roots, skipped: the container file's steps");
        return Ok(());
    }
    let root = tempfile::tempdir().context("a folder for the image")?;
    // Users other than root need access.
    run(Command::new("chmod").arg("755").arg(root.path()))?;
    let image = Image::build(root.path(), &files::read_text(CONTAINER)?)?;
    image.run(&["--version"])?;
    sweep(&image)
}

/// Runs the manifest's command in the image, for each index.
fn sweep(image: &Image<'_>) -> Result<()> {
    let manifest = files::read_text(MANIFEST)?;
    let (_, rest) = manifest.split_once(INDEXES).with_context(|| format!("{MANIFEST} has no `{INDEXES}`"))?;
    let indexes: u32 = rest
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .parse()
        .with_context(|| format!("{MANIFEST}: the number after `{INDEXES}`"))?;
    let command = manifest
        .lines()
        .find_map(|line| line.trim().strip_prefix("- exec "))
        .with_context(|| format!("{MANIFEST} has no line `- exec COMMAND`"))?;
    let at = image.root.join("sweep");
    files::create_folder(at.join("root"))?;
    files::copy("guest/bin/hello.xex", at.join("root/hello.xex"))?;
    files::write(at.join("root/sweep.toml"), SPEC)?;
    files::create_folder(at.join("out"))?;
    run(Command::new("chown").args(["-R", &image.user]).arg(&at))?;
    image.run(&["sweep", "plan", "/sweep/root/sweep.toml", "--out", "/sweep/plan"])?;
    for index in 0..indexes {
        image.shell(&format!("exec {command}"), &[("JOB_COMPLETION_INDEX", &index.to_string())])?;
    }
    image.run(&["sweep", "merge", "/sweep/out"])?;
    println!("{CONTAINER}: its steps in a bare root, {indexes} indexes by the manifest's command");
    Ok(())
}

/// A container file's image, without its base.
struct Image<'a> {
    root: &'a Path,
    user: String,
    entry: String,
}

impl<'a> Image<'a> {
    fn build(root: &'a Path, text: &str) -> Result<Self> {
        for folder in ["proc", "dev", "tmp", "bin", "usr/local/bin"] {
            files::create_folder(root.join(folder))?;
        }
        run(Command::new("chmod").arg("1777").arg(root.join("tmp")))?;
        copy_program(root, Path::new("/bin/sh"), Path::new("/bin/sh"))?;
        let mut image = Self { root, user: String::new(), entry: String::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                // The base image only provides a shell and the libraries.
                ["FROM", _] => {}
                ["COPY", from, to] => {
                    // The existing build is used in place of a release build.
                    ensure!(from == "target/release/xenia-rs", "{CONTAINER} copies {from}");
                    copy_program(root, &program()?, Path::new(to))?;
                }
                ["USER", user] => user.clone_into(&mut image.user),
                ["ENTRYPOINT", entry] => entry.trim_matches(['[', ']', '"']).clone_into(&mut image.entry),
                _ => bail!("{CONTAINER}: an unknown step: {line}"),
            }
        }
        ensure!(
            !image.user.is_empty() && !image.entry.is_empty(),
            "{CONTAINER} names no user or no entry point"
        );
        Ok(image)
    }

    /// Runs the entry point with these arguments.
    fn run(&self, words: &[&str]) -> Result<()> {
        self.shell(&format!("exec {} {}", self.entry, words.join(" ")), &[])
    }

    /// Runs a shell command line as the image's user, with mounts that end with it.
    fn shell(&self, line: &str, variables: &[(&str, &str)]) -> Result<()> {
        let root = self.root.display();
        let inside = format!(
            "mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev && exec chroot --userspec={} {root} /bin/sh -c \
             \"$1\"",
            self.user
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--pid", "--fork", "sh", "-c", &inside, "sh", line]).env_clear();
        command.env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin").envs(variables.iter().copied());
        run(command.stdout(Stdio::null()))
    }
}

/// Copies a program, and the libraries that it links.
fn copy_program(root: &Path, from: &Path, to: &Path) -> Result<()> {
    let into = |path: &Path| -> Result<PathBuf> {
        let target = root.join(path.strip_prefix("/").unwrap_or(path));
        files::create_folder(target.parent().unwrap_or(root))?;
        Ok(target)
    };
    files::copy(from, into(to)?)?;
    let libraries = commands::output(Command::new("ldd").arg(from))?;
    for library in String::from_utf8_lossy(&libraries.stdout).split_whitespace() {
        if library.starts_with('/') {
            files::copy(library, into(Path::new(library))?)?;
        }
    }
    Ok(())
}
