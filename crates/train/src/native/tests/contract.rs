//! What a learner promises: the same bits at any number of threads, outcomes that do not depend on the batch.
