// What the parts of the shim share: how functions fail, and how tensors are given away.

#pragma once

#include <string>

#include <ATen/core/Tensor.h>

// Why the latest call of this thread failed.
inline thread_local std::string reason;

// Runs the body; what it throws becomes the reason.
template <typename Body>
int guarded(Body&& body) {
    try {
        body();
        return 0;
    } catch (const c10::Error& error) {
        reason = error.what_without_backtrace();
    } catch (const std::exception& error) {
        reason = error.what();
    } catch (...) {
        reason = "an exception of unknown type";
    }
    return 1;
}

// An owned handle; null stands for a tensor that is not defined.
inline at::Tensor* owned(at::Tensor&& tensor) {
    return tensor.defined() ? new at::Tensor(std::move(tensor)) : nullptr;
}
