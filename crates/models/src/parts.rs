//! Work over very many, shared out among threads so that what comes out does not depend on how many there are.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of so many one part is made up; a part takes milliseconds.
const SIZE: usize = 8_192;

/// What `work` makes of each part of `0..count`, in their order. The parts are the same for any number of threads, of
/// which each takes the next part that nobody has.
pub fn in_parts<T: Send>(count: usize, threads: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    tasks(count.div_ceil(SIZE), threads, |at| work(at * SIZE..((at + 1) * SIZE).min(count)))
}

/// What `of` makes of each of a few tasks, each of which takes long, in their order.
pub fn tasks<T: Send>(count: usize, threads: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = threads.clamp(1, count.max(1));
    if threads == 1 {
        return (0..count).map(of).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            if at >= count {
                return done;
            }
            done.push((at, of(at)));
        }
    };
    let mut done: Vec<(usize, T)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
        let mut done = run();
        for other in others {
            // A panic of a part is this one's.
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

/// What `of` makes of each of `0..count`, in their order.
pub fn each<T: Send>(count: usize, threads: usize, of: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if threads < 2 {
        return (0..count).map(of).collect();
    }
    let mut parts = in_parts(count, threads, |range| range.map(&of).collect::<Vec<T>>());
    if parts.len() == 1 {
        return parts.swap_remove(0);
    }
    let mut all = Vec::with_capacity(count);
    parts.into_iter().for_each(|part| all.extend(part));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_that_of_the_parts_for_any_number_of_threads() {
        for count in [0, 1, SIZE, SIZE + 1, 5 * SIZE - 3] {
            let wanted: Vec<usize> = (0..count).map(|n| n * 3).collect();
            for threads in [0, 1, 2, 7] {
                assert_eq!(each(count, threads, |n| n * 3), wanted, "{count} on {threads}");
                let parts = in_parts(count, threads, |range| range);
                assert!(parts.iter().flat_map(Clone::clone).eq(0..count), "{count} on {threads}");
            }
        }
    }

    #[test]
    #[should_panic(expected = "the third")]
    fn a_panic_is_not_lost() {
        in_parts(9 * SIZE, 3, |range| assert!(range.start != 2 * SIZE, "the third"));
    }
}
