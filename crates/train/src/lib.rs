//! Trains: the loop, schedules, checkpoints and the learners.
