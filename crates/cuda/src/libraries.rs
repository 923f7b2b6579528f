//! Opens CUDA's libraries, fills the table of jumps with their functions, and counts cards.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(super) use here::open_and_count;

/// Where no jumps are defined there are no cards.
///
/// # Errors
/// Always.
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
pub(super) fn open_and_count() -> Result<u32, super::error::CudaError> {
    let (reason, remedy) = ("jumps are made for x86-64 Linux only".to_owned(), "compute on the CPU");
    Err(super::error::CudaError::Missing { library: "libcuda.so.1", reason, remedy })
}

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod here {
    use std::error::Error;
    use std::ffi::{c_int, c_uint, c_void};
    use std::path::Path;
    use std::sync::atomic::Ordering;

    use libloading::Library;

    use crate::error::CudaError;
    use crate::jumps::{LIBRARIES, Named, TABLE};

    /// Where an ordinary toolkit lies, which the loader may not have been told.
    const TOOLKIT: &str = "/usr/local/cuda/lib64";

    unsafe extern "C" {
        fn cuInit(flags: c_uint) -> c_int;
        fn cuDeviceGetCount(count: *mut c_int) -> c_int;
    }

    /// Fills the table and counts cards.
    ///
    /// # Errors
    /// Which library or function is missing, or what the driver says.
    pub(crate) fn open_and_count() -> Result<u32, CudaError> {
        LIBRARIES.iter().try_for_each(fill)?;
        let mut count = 0;
        // SAFETY: the table holds the driver's functions now, whose signatures are those of cuda.h, and `count` outlives
        // the call that writes it.
        let answers = unsafe { [cuInit(0), cuDeviceGetCount(&raw mut count)] };
        match (answers, u32::try_from(count)) {
            ([0, 0], Ok(cards @ 1..)) => Ok(cards),
            // CUDA_ERROR_NO_DEVICE
            ([0, 0], _) => Err(CudaError::Driver(100)),
            ([0, error] | [error, _], _) => Err(CudaError::Driver(error)),
        }
    }

    /// Sends the jumps of one library to its functions.
    fn fill(named: &Named) -> Result<(), CudaError> {
        let library = open(named)?;
        for &(function, place) in named.functions {
            // SAFETY: the address is only stored; whoever calls it does so by the signature of CUDA's headers.
            let address = unsafe { library.get::<*mut c_void>(function.as_bytes()) };
            let missing = |_| CudaError::Function { library: named.files[0], function };
            TABLE[place].store(*address.map_err(missing)?, Ordering::Release);
        }
        // The table points into it from now on.
        std::mem::forget(library);
        Ok(())
    }

    fn open(named: &Named) -> Result<Library, CudaError> {
        let mut reason = String::new();
        for file in named.files {
            for path in [Path::new(file).to_owned(), Path::new(TOOLKIT).join(file)] {
                // SAFETY: opening CUDA's libraries runs their initialisers, as every CUDA program does when it starts.
                match unsafe { Library::new(&path) } {
                    Ok(library) => return Ok(library),
                    // Its own words only say that it failed.
                    Err(error) if reason.is_empty() => {
                        reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                    }
                    Err(_) => {}
                }
            }
        }
        Err(CudaError::Missing { library: named.files[0], reason, remedy: named.remedy })
    }
}
