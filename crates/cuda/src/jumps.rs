//! The functions of CUDA's libraries that candle calls, each one jump through a table.

use std::arch::global_asm;
use std::ffi::{c_int, c_void};
use std::sync::atomic::AtomicPtr;

/// A library and the functions that are wanted from it.
pub(crate) struct Named {
    /// Names of its file, the best first.
    pub files: &'static [&'static str],
    /// What to do where there is none.
    pub remedy: &'static str,
    /// Functions, and their places in the table.
    pub functions: &'static [(&'static str, usize)],
}

const DRIVER: &str = "install the NVIDIA driver";
const TOOLKIT: &str = "install CUDA 13, or name the folder that holds it in LD_LIBRARY_PATH";

/// What a function answers before its library was opened, by library: not there, or not initialised.
macro_rules! jumps {
    ($($library:ident $files:expr, $remedy:ident, $absent:literal: [$($function:ident)*])*) => {
        $(extern "C" fn $library() -> c_int {
            $absent
        })*

        #[allow(non_camel_case_types, clippy::upper_case_acronyms, reason = "named as the functions are")]
        #[repr(usize)]
        enum Place {
            $($($function,)*)*
            Count,
        }

        /// Where each jump goes.
        pub(crate) static TABLE: [AtomicPtr<c_void>; Place::Count as usize] = [
            $($({
                let _ = Place::$function;
                AtomicPtr::new($library as *mut c_void)
            },)*)*
        ];

        /// All libraries, in the order in which they are opened.
        pub(crate) static LIBRARIES: &[Named] = &[
            $(Named {
                files: &$files,
                remedy: $remedy,
                functions: &[$((stringify!($function), Place::$function as usize),)*],
            },)*
        ];

        // Hidden, so that libraries which are opened later do not find these instead of the real ones.
        $($(global_asm!(
            ".text",
            ".p2align 4",
            concat!(".globl ", stringify!($function)),
            concat!(".hidden ", stringify!($function)),
            concat!(".type ", stringify!($function), ", @function"),
            concat!(stringify!($function), ":"),
            "jmp qword ptr [rip + {table} + {place}]",
            table = sym TABLE,
            place = const 8 * Place::$function as usize,
        );)*)*
    };
}

// What the linker asks for, found by leaving them out; a function that is missing here does not link.
jumps! {
    driver ["libcuda.so.1"], DRIVER, 100: [
        cuCtxDestroy_v2 cuCtxGetCurrent cuCtxSetCurrent cuDeviceGet cuDeviceGetAttribute
        cuDeviceGetCount cuDevicePrimaryCtxRelease_v2 cuDevicePrimaryCtxRetain cuEventCreate
        cuEventDestroy_v2 cuEventRecord cuGetErrorString cuInit cuLaunchKernel cuMemAllocAsync
        cuMemAlloc_v2 cuMemFreeAsync cuMemFree_v2 cuMemcpyDtoDAsync_v2 cuMemcpyDtoHAsync_v2
        cuMemcpyHtoDAsync_v2 cuMemcpyPeerAsync cuMemsetD8Async cuModuleGetFunction cuModuleLoad
        cuModuleLoadData cuModuleUnload cuStreamDestroy_v2 cuStreamIsCapturing cuStreamSynchronize
        cuStreamWaitEvent
    ]
    curand ["libcurand.so.10"], TOOLKIT, 203: [
        curandCreateGenerator curandDestroyGenerator curandGenerateUniform
        curandGenerateUniformDouble curandSetPseudoRandomGeneratorSeed curandSetStream
    ]
    cublas ["libcublas.so.13", "libcublas.so.12"], TOOLKIT, 1: [
        cublasCreate_v2 cublasDestroy_v2 cublasDgemmStridedBatched cublasGemmStridedBatchedEx
        cublasSetStream_v2
    ]
}
