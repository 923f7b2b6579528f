//! Compiles the shim against libtorch, and says what to run where there is none.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[cfg(feature = "tch")]
    tch::build();
}

#[cfg(feature = "tch")]
mod tch {
    use std::path::PathBuf;

    /// What to do about a missing libtorch.
    const ADVICE: &str = "run scripts/setup-libtorch: it takes the torch 2.11.0 that python3 has, or fetches 0.5 GB; or set \
                          LIBTORCH to a folder with its include and lib";

    /// Compiles the shim and links it.
    pub fn build() {
        println!("cargo::rerun-if-env-changed=LIBTORCH");
        println!("cargo::rerun-if-changed=shim");
        let folder = std::env::var_os("LIBTORCH").map(PathBuf::from).unwrap_or_default();
        let include = folder.join("include");
        if !include.join("ATen/ATen.h").exists() || !folder.join("lib/libtorch_cpu.so").exists() {
            println!("cargo::error=feature tch: no libtorch in {}; {ADVICE}", folder.display());
            return;
        }
        cc::Build::new()
            .cpp(true)
            .std("c++17")
            .include(&include)
            .include(include.join("torch/csrc/api/include"))
            .define("_GLIBCXX_USE_CXX11_ABI", "1")
            .file("shim/shim.cpp")
            // Its headers warn of themselves.
            .flag("-Wno-unused-parameter")
            .compile("ergo_libtorch");
        println!("cargo::rustc-link-search=native={}", folder.join("lib").display());
        println!("cargo::rustc-link-lib=dylib=torch_cpu");
        println!("cargo::rustc-link-lib=dylib=c10");
        // For the tests of this crate.
        let lib = folder.join("lib").canonicalize().unwrap_or_else(|_| folder.join("lib"));
        println!("cargo::rustc-link-arg=-Wl,-rpath,{}", lib.display());
    }
}
