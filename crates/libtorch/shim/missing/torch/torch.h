// Found only where libtorch's own torch/torch.h is not: a compiler's way to say what to run. See .cargo/config.toml.
#error "There is no libtorch here. Run scripts/setup-libtorch: it takes the torch 2.11.0 that python3 has, or fetches 0.5 GB."
// Ends the compiler's work, which would go on with hundreds of other errors.
#include "libtorch, which is not here: run scripts/setup-libtorch"
