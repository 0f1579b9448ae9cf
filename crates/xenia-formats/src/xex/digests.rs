//! Recomputes all SHA-1 digests of the headers and the image.
//!
//! Imports and pages form digest chains: the security info has the digest of the first link, and
//! each link has that of the next one. A mismatch is reported at the affected bytes and does not
//! hide later ones.

use sha1::{Digest, Sha1};

use super::Xex;
use super::security::{Sha1Digest, field};
use crate::image::DigestCheck;

/// SHA-1 of the concatenation of `parts`.
pub(super) fn sha1(parts: &[&[u8]]) -> Sha1Digest {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// The digest of the headers, which excludes the signed part of the security info.
pub(super) fn header_digest(header: &[u8], security_offset: usize) -> Option<Sha1Digest> {
    let tail = header.get(security_offset.checked_add(field::ALLOWED_MEDIA)?..)?;
    let head = header.get(..security_offset + 8)?;
    Some(sha1(&[tail, head]))
}

pub(super) fn check_header(xex: &Xex, out: &mut Vec<DigestCheck>) {
    let found = header_digest(&xex.header, xex.security_offset as usize);
    out.push(DigestCheck { what: "header".into(), offset: 0, ok: found == Some(xex.security.header_digest) });
}

pub(super) fn check_imports(xex: &Xex, out: &mut Vec<DigestCheck>) {
    let libraries = &xex.imports.libraries;
    if xex.security.import_count as usize != libraries.len() {
        out.push(DigestCheck {
            what: format!("import library count ({} of {})", libraries.len(), xex.security.import_count),
            offset: u64::from(xex.security_offset) + field::IMPORT_COUNT as u64,
            ok: false,
        });
    }
    let mut expected: &[u8] = &xex.security.import_digest;
    for library in libraries {
        let found = sha1(&[&library.raw[4..]]);
        let what = format!("import library {}", library.name);
        out.push(DigestCheck { what, offset: library.offset, ok: found == expected });
        expected = library.next_digest();
    }
}

pub(super) fn check_pages(xex: &Xex, image: &[u8], out: &mut Vec<DigestCheck>) {
    let mut expected = xex.security.image_digest;
    let mut covered = 0;
    for (index, (run, descriptor)) in xex.page_runs().iter().zip(&xex.security.pages).enumerate() {
        let start = (run.start.0 - xex.base.0) as usize;
        let pages = &image[start..start + run.size as usize];
        let found = sha1(&[pages, &descriptor.raw]);
        out.push(DigestCheck {
            what: format!("page run {index} ({}, {} bytes)", run.start, run.size),
            offset: start as u64,
            ok: found == expected,
        });
        expected = descriptor.next_digest();
        covered += run.size;
    }
    if covered != xex.security.image_size {
        out.push(DigestCheck {
            what: format!("page runs (cover {covered} of {} bytes)", xex.security.image_size),
            offset: u64::from(xex.security_offset) + field::PAGE_COUNT as u64,
            ok: false,
        });
    }
}
