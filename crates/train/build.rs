//! With the feature `tch`, tells the tests of this crate where libtorch is.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=LIBTORCH");
    let folder = std::env::var_os("LIBTORCH").filter(|_| cfg!(feature = "tch"));
    if let Some(lib) = folder.and_then(|folder| std::path::Path::new(&folder).join("lib").canonicalize().ok())
    {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    }
}
