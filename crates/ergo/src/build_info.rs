//! What this program was built from, as the build script found it.

use record::run::Build;

/// Version and commit, as `ergo --version` prints them.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("ERGO_COMMIT"), ")");

/// What every record keeps about the program.
#[must_use]
pub fn build() -> Build {
    Build {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: env!("ERGO_COMMIT").to_owned(),
        rustc: env!("ERGO_RUSTC").to_owned(),
        flags: env!("ERGO_FLAGS").to_owned(),
    }
}
