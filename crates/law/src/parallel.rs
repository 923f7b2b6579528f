//! Shares independent work among the processor's threads; what comes out does not depend on how many there are.

use std::thread;

/// Below this many items a thread would take longer to begin than to work.
const FEWEST: usize = 16;

/// `work` of every number below `count`, in order.
pub(crate) fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, usize::from).min(count / FEWEST);
    if threads < 2 {
        return (0..count).map(work).collect();
    }
    let share = count.div_ceil(threads);
    let mut results: Vec<Option<T>> = (0..count).map(|_| None).collect();
    thread::scope(|scope| {
        for (place, chunk) in results.chunks_mut(share).enumerate() {
            let work = &work;
            scope.spawn(move || {
                for (i, result) in chunk.iter_mut().enumerate() {
                    *result = Some(work(place * share + i));
                }
            });
        }
    });
    results.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_and_in_order() {
        for count in [0, 1, 15, 16, 33, 1000] {
            assert_eq!(map(count, |i| 3 * i), (0..count).map(|i| 3 * i).collect::<Vec<_>>());
        }
    }
}
