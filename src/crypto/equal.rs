//! Comparing secrets.

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// Whether the octets are the same, in a time that tells nothing of where they differ. It tells whether
/// they are equally long.
pub fn equal(one: &[u8], other: &[u8]) -> bool {
    verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_is_equal() {
        assert!(equal(b"", b"") && equal(b"abc", b"abc"));
        assert!(!equal(b"abc", b"abd") && !equal(b"abc", b"ab"));
    }
}
