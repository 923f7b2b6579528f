// Batch normalisation in training, max-pooling of two by two where it follows, and ReLU: each way in two passes over memory, where
// libtorch's operators take seven. f32 on the processor, channels innermost; bits do not depend on the number of threads.

#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <ATen/Functions.h>
#include <ATen/Parallel.h>

#include "shim.h"

using at::Tensor;

// The widest vectors that the processor has, chosen when the program starts; plain loops elsewhere.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx512f", "arch=haswell", "default"), optimize("O3")))
#else
#define WIDE
#endif

namespace {

constexpr auto LAYOUT = at::MemoryFormat::ChannelsLast;
// In place of a pixel's place in its pool: no pixel of that pool has a gradient, as ReLU stops it.
constexpr uint8_t NOBODY = 255;

// Does part(i) for every i below count on libtorch's threads. libtorch brings the library of its threads, which is looked for when
// needed, as linking one would start a second set of threads. A part must not throw.
template <typename Part>
void in_parallel(int64_t count, const Part& part) {
    using Body = void (*)(void*);
    using Parallel = void (*)(Body, void*, unsigned, unsigned);
    static const auto parallel = reinterpret_cast<Parallel>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
    static const auto number = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
    static const auto members = reinterpret_cast<int (*)()>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
    struct Work {
        int64_t count;
        const Part& part;
    } work{count, part};
    const Body share = [](void* argument) {
        const Work& work = *static_cast<const Work*>(argument);
        const int64_t mine = number(), all = members();
        for (int64_t i = work.count * mine / all; i < work.count * (mine + 1) / all; ++i) {
            work.part(i);
        }
    };
    if (!parallel || !number || !members || at::get_num_threads() == 1) {
        for (int64_t i = 0; i < count; ++i) {
            part(i);
        }
        return;
    }
    parallel(share, &work, static_cast<unsigned>(at::get_num_threads()), 0);
}

// Adds the moments of one row of pixels to those of `before` pixels, by Chan, Golub and LeVeque.
WIDE void row_moments(const float* __restrict x, int64_t pixels, int64_t channels, int64_t before, float* __restrict mean,
                      float* __restrict m2, float* __restrict row_mean, float* __restrict row_m2) {
    std::fill(row_mean, row_mean + channels, 0.f);
    std::fill(row_m2, row_m2 + channels, 0.f);
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c) {
            row_mean[c] += x[p * channels + c];
        }
    }
    const float share = 1.f / static_cast<float>(pixels);
    for (int64_t c = 0; c < channels; ++c) {
        row_mean[c] *= share;
    }
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c) {
            const float distance = x[p * channels + c] - row_mean[c];
            row_m2[c] += distance * distance;
        }
    }
    const float weight = static_cast<float>(pixels) / static_cast<float>(before + pixels);
    for (int64_t c = 0; c < channels; ++c) {
        const float distance = row_mean[c] - mean[c];
        mean[c] += distance * weight;
        m2[c] += row_m2[c] + distance * distance * static_cast<float>(before) * weight;
    }
}

// y = max(0, a * x + b); a NaN stays.
WIDE void row_forward(const float* __restrict x, int64_t pixels, int64_t channels, const float* __restrict a,
                      const float* __restrict b, float* __restrict y) {
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c) {
            const float value = a[c] * x[p * channels + c] + b[c];
            y[p * channels + c] = value <= 0.f ? 0.f : value;
        }
    }
}

// The same of the largest of each two by two pixels, the first where they are equal, and which one that was.
WIDE void row_forward_pooled(const float* __restrict upper, const float* __restrict lower, int64_t pixels, int64_t channels,
                             const float* __restrict a, const float* __restrict b, float* __restrict y,
                             uint8_t* __restrict winners, int32_t* __restrict winner) {
    for (int64_t p = 0; p < pixels; ++p) {
        const float* first = upper + 2 * p * channels;
        const float* third = lower + 2 * p * channels;
        for (int64_t c = 0; c < channels; ++c) {
            const float v0 = a[c] * first[c] + b[c], v1 = a[c] * first[channels + c] + b[c];
            const float v2 = a[c] * third[c] + b[c], v3 = a[c] * third[channels + c] + b[c];
            float best = v0;
            int32_t place = 0;
            place = v1 > best || v1 != v1 ? 1 : place;
            best = v1 > best || v1 != v1 ? v1 : best;
            place = v2 > best || v2 != v2 ? 2 : place;
            best = v2 > best || v2 != v2 ? v2 : best;
            place = v3 > best || v3 != v3 ? 3 : place;
            best = v3 > best || v3 != v3 ? v3 : best;
            y[p * channels + c] = best <= 0.f ? 0.f : best;
            winner[c] = best <= 0.f ? NOBODY : place;
        }
        for (int64_t c = 0; c < channels; ++c) {
            winners[p * channels + c] = static_cast<uint8_t>(winner[c]);
        }
    }
}

// Adds sums of gradients, and of gradients times distances from the mean.
WIDE void row_sums(const float* __restrict x, const float* __restrict dy, int64_t pixels, int64_t channels,
                   const float* __restrict a, const float* __restrict b, const float* __restrict mean,
                   float* __restrict sum, float* __restrict product) {
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c) {
            const float value = x[p * channels + c];
            const float gradient = a[c] * value + b[c] <= 0.f ? 0.f : dy[p * channels + c];
            sum[c] += gradient;
            product[c] += gradient * (value - mean[c]);
        }
    }
}

WIDE void row_sums_pooled(const float* __restrict upper, const float* __restrict lower, const float* __restrict dy,
                          const uint8_t* __restrict winners, int64_t pixels, int64_t channels, const float* __restrict mean,
                          float* __restrict sum, float* __restrict product) {
    for (int64_t p = 0; p < pixels; ++p) {
        const float* first = upper + 2 * p * channels;
        const float* third = lower + 2 * p * channels;
        for (int64_t c = 0; c < channels; ++c) {
            const int32_t place = winners[p * channels + c];
            const float above = place == 1 ? first[channels + c] : first[c];
            const float below = place == 3 ? third[channels + c] : third[c];
            const float value = place < 2 ? above : below;
            const float gradient = place == NOBODY ? 0.f : dy[p * channels + c];
            sum[c] += gradient;
            product[c] += gradient * (value - mean[c]);
        }
    }
}

// dx = k1 * gradient + k2 * x + k3, where dx may lie where dy does.
WIDE void row_backward(const float* x, const float* dy, int64_t pixels, int64_t channels, const float* __restrict a,
                       const float* __restrict b, const float* __restrict k1, const float* __restrict k2,
                       const float* __restrict k3, float* dx) {
    for (int64_t p = 0; p < pixels; ++p) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) {
            const int64_t i = p * channels + c;
            const float gradient = a[c] * x[i] + b[c] <= 0.f ? 0.f : dy[i];
            dx[i] = k1[c] * gradient + k2[c] * x[i] + k3[c];
        }
    }
}

// Row `row` of the two that a pool spans.
WIDE void row_backward_pooled(const float* __restrict x, const float* __restrict dy, const uint8_t* __restrict winners,
                              int32_t row, int64_t pixels, int64_t channels, const float* __restrict k1,
                              const float* __restrict k2, const float* __restrict k3, float* __restrict dx) {
    for (int64_t p = 0; p < pixels; ++p) {
        const int64_t left = 2 * p * channels, right = left + channels;
        for (int64_t c = 0; c < channels; ++c) {
            const int32_t place = winners[p * channels + c] - 2 * row;
            const float gradient = k1[c] * dy[p * channels + c];
            dx[left + c] = (place == 0 ? gradient : 0.f) + k2[c] * x[left + c] + k3[c];
            dx[right + c] = (place == 1 ? gradient : 0.f) + k2[c] * x[right + c] + k3[c];
        }
    }
}

// Pixels that no pool sees.
WIDE void row_backward_unseen(const float* __restrict x, int64_t pixels, int64_t channels, const float* __restrict k2,
                              const float* __restrict k3, float* __restrict dx) {
    for (int64_t p = 0; p < pixels; ++p) {
        for (int64_t c = 0; c < channels; ++c) {
            dx[p * channels + c] = k2[c] * x[p * channels + c] + k3[c];
        }
    }
}

// Sides of a batch and of what pooling makes of it.
struct Sides {
    int64_t images, channels, height, width;

    explicit Sides(const Tensor& x) : images(x.size(0)), channels(x.size(1)), height(x.size(2)), width(x.size(3)) {}
    int64_t pixels() const { return images * height * width; }
    int64_t row() const { return width * channels; }
    int64_t image() const { return height * row(); }
    int64_t pooled_row() const { return width / 2 * channels; }
    int64_t pooled_image() const { return height / 2 * pooled_row(); }
};

using Vector = std::vector<float>;

// Of each channel, what x is multiplied by and what is added then.
struct Affine {
    Vector a, b;

    Affine(const float* scale, const float* shift, const float* mean, const float* deviation, int64_t channels)
        : a(channels), b(channels) {
        for (int64_t c = 0; c < channels; ++c) {
            a[c] = scale[c] * deviation[c];
            b[c] = shift[c] - mean[c] * a[c];
        }
    }
};

// Means, and inverse deviations over all pixels, of each channel; running ones follow with their share.
void moments(const float* x, const Sides& sides, float* mean, float* deviation, float* running_mean, float* running_variance,
             double share, double epsilon) {
    const int64_t channels = sides.channels;
    Vector means(sides.images * channels), squares(sides.images * channels), rows(sides.images * 2 * channels);
    in_parallel(sides.images, [&](int64_t n) {
        float* row = &rows[n * 2 * channels];
        for (int64_t h = 0; h < sides.height; ++h) {
            row_moments(x + n * sides.image() + h * sides.row(), sides.width, channels, h * sides.width, &means[n * channels],
                        &squares[n * channels], row, row + channels);
        }
    });
    const double pixels = static_cast<double>(sides.pixels()), of_image = static_cast<double>(sides.height * sides.width);
    for (int64_t c = 0; c < channels; ++c) {
        double sum = 0, m2 = 0;
        for (int64_t n = 0; n < sides.images; ++n) {
            sum += means[n * channels + c];
        }
        const double centre = sum / static_cast<double>(sides.images);
        for (int64_t n = 0; n < sides.images; ++n) {
            const double distance = means[n * channels + c] - centre;
            m2 += squares[n * channels + c] + of_image * distance * distance;
        }
        mean[c] = static_cast<float>(centre);
        deviation[c] = static_cast<float>(1 / std::sqrt(m2 / pixels + epsilon));
        running_mean[c] = static_cast<float>(share * centre + (1 - share) * running_mean[c]);
        running_variance[c] = static_cast<float>(share * m2 / (pixels - 1) + (1 - share) * running_variance[c]);
    }
}

// Sums over all images of what each adds to its own place, image after image.
Vector total(const Vector& parts, int64_t images, int64_t channels) {
    std::vector<double> sums(channels);
    for (int64_t n = 0; n < images; ++n) {
        for (int64_t c = 0; c < channels; ++c) {
            sums[c] += parts[n * channels + c];
        }
    }
    return Vector(sums.begin(), sums.end());
}

// Parameters and moments are vectors of f32.
const float* vector(const Tensor& tensor, const Sides& sides) {
    TORCH_CHECK(tensor.is_contiguous() && tensor.scalar_type() == at::kFloat && tensor.numel() == sides.channels,
                "a vector of ", sides.channels, " numbers in f32 was expected");
    return tensor.const_data_ptr<float>();
}

}  // namespace

extern "C" {

// out: output, which pixels won their pool (null without one), mean and inverse deviation of the batch.
int ergo_norm_relu(Tensor** out, const Tensor* input, const Tensor* scale, const Tensor* shift, const Tensor* running_mean,
                   const Tensor* running_variance, double share, double epsilon, bool pool) {
    return guarded([&] {
        const Tensor x = input->contiguous(LAYOUT);
        const Sides sides(x);
        TORCH_CHECK(sides.pixels() > 1, "moments of a single pixel");
        const Tensor mean = at::empty_like(*running_mean), deviation = at::empty_like(*running_variance);
        moments(x.const_data_ptr<float>(), sides, mean.mutable_data_ptr<float>(), deviation.mutable_data_ptr<float>(),
                running_mean->mutable_data_ptr<float>(), running_variance->mutable_data_ptr<float>(), share, epsilon);
        const Affine affine(vector(*scale, sides), vector(*shift, sides), vector(mean, sides), vector(deviation, sides),
                            sides.channels);
        const int64_t step = pool ? 2 : 1;
        const std::array<int64_t, 4> size{sides.images, sides.channels, sides.height / step, sides.width / step};
        Tensor y = at::empty(size, x.options().memory_format(LAYOUT));
        Tensor winners = pool ? at::empty(size, x.options().dtype(at::kByte).memory_format(LAYOUT)) : Tensor();
        const float* from = x.const_data_ptr<float>();
        float* to = y.mutable_data_ptr<float>();
        uint8_t* won = pool ? winners.mutable_data_ptr<uint8_t>() : nullptr;
        std::vector<int32_t> scratch(pool ? sides.images * sides.channels : 0);
        in_parallel(sides.images, [&](int64_t n) {
            const float* image = from + n * sides.image();
            if (!pool) {
                row_forward(image, sides.height * sides.width, sides.channels, affine.a.data(), affine.b.data(),
                            to + n * sides.image());
                return;
            }
            for (int64_t h = 0; h < sides.height / 2; ++h) {
                const int64_t place = n * sides.pooled_image() + h * sides.pooled_row();
                const float* upper = image + 2 * h * sides.row();
                row_forward_pooled(upper, upper + sides.row(), sides.width / 2, sides.channels, affine.a.data(),
                                   affine.b.data(), to + place, won + place, &scratch[n * sides.channels]);
            }
        });
        out[0] = owned(std::move(y));
        out[1] = owned(std::move(winners));
        out[2] = owned(Tensor(mean));
        out[3] = owned(Tensor(deviation));
    });
}

// winners: as ergo_norm_relu gave them, or null without a pool. overwrite: the gradient may become that of the input, where they
// have the same shape. out: gradients of input, scale and shift.
int ergo_norm_relu_backward(Tensor** out, const Tensor* input, const Tensor* gradient, const Tensor* winners,
                            const Tensor* scale, const Tensor* shift, const Tensor* mean, const Tensor* deviation,
                            bool overwrite) {
    return guarded([&] {
        const Tensor x = input->contiguous(LAYOUT), dy = gradient->contiguous(LAYOUT);
        const Sides sides(x);
        const int64_t channels = sides.channels;
        const float *from = x.const_data_ptr<float>(), *above = dy.const_data_ptr<float>();
        const float *centre = vector(*mean, sides), *inverse = vector(*deviation, sides), *factor = vector(*scale, sides);
        const Affine affine(factor, vector(*shift, sides), centre, inverse, channels);
        const float *a = affine.a.data(), *b = affine.b.data();
        const uint8_t* won = winners ? winners->const_data_ptr<uint8_t>() : nullptr;

        Vector sums(sides.images * channels), products(sides.images * channels);
        in_parallel(sides.images, [&](int64_t n) {
            float *sum = &sums[n * channels], *product = &products[n * channels];
            const float* image = from + n * sides.image();
            if (!won) {
                row_sums(image, above + n * sides.image(), sides.height * sides.width, channels, a, b, centre, sum, product);
                return;
            }
            for (int64_t h = 0; h < sides.height / 2; ++h) {
                const int64_t place = n * sides.pooled_image() + h * sides.pooled_row();
                const float* upper = image + 2 * h * sides.row();
                row_sums_pooled(upper, upper + sides.row(), above + place, won + place, sides.width / 2, channels, centre, sum,
                                product);
            }
        });
        const Vector sum = total(sums, sides.images, channels), product = total(products, sides.images, channels);

        Vector k1(channels), k2(channels), k3(channels);
        Tensor dscale = at::empty_like(*scale), dshift = at::empty_like(*shift);
        const float share = 1.f / static_cast<float>(sides.pixels());
        for (int64_t c = 0; c < channels; ++c) {
            k1[c] = factor[c] * inverse[c];
            k2[c] = -k1[c] * inverse[c] * inverse[c] * product[c] * share;
            k3[c] = -k1[c] * sum[c] * share - k2[c] * centre[c];
            dscale.mutable_data_ptr<float>()[c] = product[c] * inverse[c];
            dshift.mutable_data_ptr<float>()[c] = sum[c];
        }
        Tensor dx = overwrite && !won ? dy : at::empty_like(x);
        float* to = dx.mutable_data_ptr<float>();
        in_parallel(sides.images, [&](int64_t n) {
            const float* image = from + n * sides.image();
            float* back = to + n * sides.image();
            if (!won) {
                row_backward(image, above + n * sides.image(), sides.height * sides.width, channels, a, b, k1.data(), k2.data(),
                             k3.data(), back);
                return;
            }
            const int64_t seen = sides.width / 2 * 2;
            for (int64_t h = 0; h < sides.height; ++h) {
                const int64_t row = h * sides.row(), rest = row + seen * channels;
                const bool is_seen = h < sides.height / 2 * 2;
                const int64_t place = n * sides.pooled_image() + h / 2 * sides.pooled_row();
                if (is_seen) {
                    row_backward_pooled(image + row, above + place, won + place, static_cast<int32_t>(h % 2), sides.width / 2,
                                        channels, k1.data(), k2.data(), k3.data(), back + row);
                }
                row_backward_unseen(image + (is_seen ? rest : row), is_seen ? sides.width - seen : sides.width, channels,
                                    k2.data(), k3.data(), back + (is_seen ? rest : row));
            }
        });
        out[0] = owned(std::move(dx));
        out[1] = owned(std::move(dscale));
        out[2] = owned(std::move(dshift));
    });
}

}  // extern "C"
