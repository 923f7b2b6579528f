//! Memory that ends where a page without access begins, so that a read or write beyond the end faults.

#[cfg(target_os = "linux")]
mod pages;
#[cfg(all(test, target_os = "linux"))]
mod tests;

#[cfg(target_os = "linux")]
pub(crate) use pages::Guarded;

/// Elsewhere what is read beyond the end goes unnoticed.
#[cfg(not(target_os = "linux"))]
pub(crate) type Guarded<T> = Vec<T>;
