//! Checks that the kernel stays in parts: `Kernel` has few methods, and few files name it.

use super::Source;
use super::imports::{code_of, names_in, top_module};
use std::path::Path;

/// Sources of the crate with `Kernel`.
const FOLDER: &str = "crates/xenia-kernel/src";
/// Largest number of methods of `Kernel`, and of files with them.
const MAX_METHODS: usize = 40;
const MAX_FILES: usize = 8;
/// Modules that may take all of the kernel: those that carry out calls.
const OVER_THE_KERNEL: &[&str] = &["kernel", "system"];
/// Number of other files that import `Kernel`. It only falls.
const KERNEL_IMPORTS: usize = 4;

/// Runs the checks.
pub(super) fn check(sources: &[Source], findings: &mut Vec<String>) {
    let folder = Path::new(FOLDER);
    let code = code_of(sources, folder);
    methods(&code, findings);
    let taking = code.iter().filter(|(source, text)| {
        !OVER_THE_KERNEL.contains(&top_module(source, folder)) && names_in(text).contains("Kernel")
    });
    let taking = taking.count();
    if taking != KERNEL_IMPORTS {
        findings.push(format!(
            "{FOLDER}: {taking} files below the system import Kernel, {KERNEL_IMPORTS} are allowed: \
             take a view, or lower the number in xtask/src/tidy/kernel_parts.rs"
        ));
    }
}

fn methods(code: &[(&Source, String)], findings: &mut Vec<String>) {
    let counts: Vec<usize> =
        code.iter().map(|(_, text)| kernel_methods(text)).filter(|&count| count > 0).collect();
    let methods = counts.iter().sum::<usize>();
    let files = counts.len();
    if methods > MAX_METHODS || files > MAX_FILES {
        findings.push(format!(
            "{FOLDER}: Kernel has {methods} methods in {files} files, more than {MAX_METHODS} in {MAX_FILES}: \
             add them to the part or the view that they need"
        ));
    }
}

/// Number of methods in a file's `impl Kernel` blocks.
fn kernel_methods(text: &str) -> usize {
    let mut inside = false;
    let mut count = 0;
    for line in text.lines() {
        match line {
            "impl Kernel {" => inside = true,
            "}" => inside = false,
            _ if inside && line.starts_with("    ") && !line.starts_with("     ") => {
                count += usize::from(line.contains("fn "));
            }
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_of_the_kernel_are_counted() {
        let text = "impl Kernel {\n    /// Doc.\n    pub(crate) fn a(&self) {\n        fn inner() {}\n    }\n\n    \
                    pub fn b() {}\n}\n\nimpl Other {\n    fn c() {}\n}\n";
        assert_eq!(kernel_methods(text), 2);
    }
}
