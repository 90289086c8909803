//! Computes many results at the same time. The results and their order do not depend on the number of threads.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread::{ScopedJoinHandle, available_parallelism, scope};

/// The most items whose results are in memory at once.
const AT_ONCE: usize = 1024;

/// The fewest items for which threads are started. Starting a thread takes about as long as the proof of one delivery.
const FEWEST: usize = 64;

/// Returns the result of each item, in their order.
pub(crate) fn map<'a, T: Sync, R: Send>(
    items: &'a [T],
    result: impl Fn(&'a T) -> R + Sync + 'a,
) -> impl Iterator<Item = R> {
    let threads = available_parallelism().map_or(1, NonZero::get);
    items.chunks(AT_ONCE).flat_map(move |chunk| match chunk.len() < FEWEST {
        true => chunk.iter().map(&result).collect(),
        false => in_threads(chunk, threads, &result),
    })
}

fn in_threads<'a, T: Sync, R: Send>(
    items: &'a [T],
    threads: usize,
    result: &(impl Fn(&'a T) -> R + Sync),
) -> Vec<R> {
    let results = |part: &'a [T]| part.iter().map(result).collect::<Vec<R>>();
    scope(|scope| {
        let parts = items.chunks(items.len().div_ceil(threads).max(1));
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || results(part))).collect();
        let joined = threads.into_iter().map(ScopedJoinHandle::join);
        joined.flat_map(|results| results.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_items() {
        for items in [0, 1, FEWEST - 1, FEWEST, FEWEST + 1, AT_ONCE, AT_ONCE + 1, 3 * AT_ONCE + 7] {
            let items: Vec<usize> = (0..items).collect();
            let expected: Vec<usize> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2).collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn any_number_of_threads_has_the_same_results() {
        let items: Vec<usize> = (0..10).collect();
        for threads in [1, 2, 3, 7, 10, 64] {
            let results = in_threads(&items, threads, &|item: &usize| item + 1);
            assert_eq!(results, (1..=10).collect::<Vec<_>>(), "{threads}");
        }
    }

    #[test]
    #[should_panic(expected = "item 70")]
    fn a_panic_of_a_thread_is_one_of_the_caller() {
        let items: Vec<usize> = (0..FEWEST * 2).collect();
        map(&items, |item| assert!(*item != 70, "item 70")).for_each(drop);
    }
}
