// What tch lacks of libtorch, as plain functions: 0 on success, otherwise 1 with the reason in ergo_reason().

#include <dlfcn.h>
#include <malloc.h>

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/impl/VirtualGuardImpl.h>

using at::Tensor;

namespace {

thread_local std::string reason;

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
Tensor* owned(Tensor&& tensor) {
    return tensor.defined() ? new Tensor(std::move(tensor)) : nullptr;
}

std::optional<Tensor> optional(const Tensor* tensor) {
    return tensor ? std::optional<Tensor>(*tensor) : std::nullopt;
}

std::vector<Tensor> list(Tensor* const* tensors, size_t count) {
    std::vector<Tensor> values;
    values.reserve(count);
    for (size_t i = 0; i < count; ++i) {
        values.push_back(*tensors[i]);
    }
    return values;
}

}  // namespace

extern "C" {

// Why the latest call of this thread failed; valid until the next one.
const char* ergo_reason() {
    return reason.c_str();
}

// Tensors that are made between enter and leave carry nothing for autograd. Both on one thread, innermost left first.
void* ergo_inference_enter() {
    return new c10::InferenceMode(true);
}

void ergo_inference_leave(void* guard) {
    delete static_cast<c10::InferenceMode*>(guard);
}

// geometry: stride, padding, dilation, groups. out: gradients of input, weight and bias; null where not wanted.
int ergo_convolution_backward(Tensor** out, const Tensor* gradient, const Tensor* input, const Tensor* weight,
                              const int64_t* geometry, bool of_input, bool of_bias) {
    return guarded([&] {
        const std::array<int64_t, 2> stride{geometry[0], geometry[0]}, padding{geometry[1], geometry[1]},
            dilation{geometry[2], geometry[2]}, none{0, 0};
        const std::array<int64_t, 1> bias{weight->size(0)};
        auto [dx, dw, db] =
            at::convolution_backward(*gradient, *input, *weight, at::IntArrayRef(bias), stride, padding, dilation,
                                     /*transposed=*/false, none, geometry[3], {of_input, true, of_bias});
        out[0] = owned(std::move(dx));
        out[1] = owned(std::move(dw));
        out[2] = owned(std::move(db));
    });
}

// out: output, saved mean, saved inverse deviation, reserve; implementation: which kernel ran, for the backward pass.
int ergo_batch_norm(Tensor** out, int64_t* implementation, const Tensor* input, const Tensor* scale,
                    const Tensor* shift, const Tensor* mean, const Tensor* variance, bool training, double share,
                    double epsilon) {
    return guarded([&] {
        auto [y, saved_mean, saved_deviation, reserve, which] = at::_batch_norm_impl_index(
            *input, *scale, *shift, *mean, *variance, training, share, epsilon, at::globalContext().userEnabledCuDNN());
        out[0] = owned(std::move(y));
        out[1] = owned(std::move(saved_mean));
        out[2] = owned(std::move(saved_deviation));
        out[3] = owned(std::move(reserve));
        *implementation = which;
    });
}

// saved: mean, inverse deviation and reserve as ergo_batch_norm gave them. out: gradients of input, scale and shift.
int ergo_batch_norm_backward(Tensor** out, int64_t implementation, const Tensor* input, const Tensor* gradient,
                             const Tensor* scale, const Tensor* mean, const Tensor* variance,
                             const Tensor* const* saved, double epsilon, bool of_input) {
    return guarded([&] {
        auto [dx, dscale, dshift] = at::_batch_norm_impl_index_backward(
            implementation, *input, *gradient, *scale, *mean, *variance, optional(saved[0]), optional(saved[1]),
            /*train=*/true, epsilon, {of_input, true, true}, saved[2] ? *saved[2] : Tensor());
        out[0] = owned(std::move(dx));
        out[1] = owned(std::move(dscale));
        out[2] = owned(std::move(dshift));
    });
}

// Nesterov SGD as PyTorch: g += decay * w; v = momentum * v + g; w -= rate * (g + momentum * v).
int ergo_sgd(Tensor* const* weights, Tensor* const* gradients, Tensor* const* velocities, size_t count, double rate,
             double momentum, double decay) {
    return guarded([&] {
        // libtorch takes velocities only where there is momentum.
        auto v = list(velocities, momentum != 0.0 ? count : 0);
        at::_fused_sgd_(list(weights, count), list(gradients, count), v, decay, momentum, rate, /*dampening=*/0.0,
                        /*nesterov=*/momentum != 0.0, /*maximize=*/false, /*is_first_step=*/false);
    });
}

// Settings of the whole process: TF32 products on or off, cuDNN's search for the fastest kernels, and reproducible ones.
int ergo_settings(bool tf32, bool search, bool reproducible) {
    return guarded([&] {
        auto& context = at::globalContext();
        context.setFloat32MatmulPrecision(tf32 ? "high" : "highest");
        context.setAllowTF32CuDNN(tf32);
        context.setBenchmarkCuDNN(search);
        context.setDeterministicCuDNN(reproducible);
        context.setDeterministicAlgorithms(reproducible, /*warn_only=*/true);
        // That would also fill every new tensor with NaN, one kernel more for each; nothing here reads what it has not written.
        context.setDeterministicFillUninitializedMemory(false);
    });
}

// Keeps freed memory instead of giving it back to the system: every step asks for the same again.
void ergo_keep_memory() {
    // One heap for all threads: those of other threads are cut into pieces of 64 MiB, and given back piece by piece.
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, 2147483647);
    mallopt(M_TOP_PAD, 256 << 20);
}

// Opens libtorch's CUDA half, which registers itself. Nothing of it is linked, so programs start without it.
int ergo_open(const char* library) {
    return guarded([&] {
        // cuBLAS gives the same bits each time only with such a workspace, and reads this when it begins. A user's own
        // choice stays.
        setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);
        if (!dlopen(library, RTLD_NOW | RTLD_GLOBAL)) {
            throw std::runtime_error(dlerror());
        }
    });
}

// Makes a stream of the device's pool the current one of this thread: the default stream cannot be captured.
int ergo_own_stream(int64_t card) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(card));
        guard.setDevice(device);
        guard.exchangeStream(guard.getStreamFromGlobalPool(device, /*isHighPriority=*/false));
    });
}

// Waits for everything on the current stream of the card.
int ergo_wait(int64_t card) {
    return guarded([&] {
        const c10::impl::VirtualGuardImpl guard(c10::DeviceType::CUDA);
        const c10::Device device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(card));
        guard.synchronizeStream(guard.getStream(device));
    });
}

}  // extern "C"
