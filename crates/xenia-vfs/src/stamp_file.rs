//! Name of the file with a folder's stamps; guests cannot use it.

/// Name of the file.
pub(crate) const NAME: &str = ".xenia-stamps";

/// Whether this is the name of such a file.
pub(crate) fn is_stamp_file(name: &str) -> bool {
    name.eq_ignore_ascii_case(NAME)
}
