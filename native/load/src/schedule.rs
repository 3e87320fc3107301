//! When messages of an open loop are meant to leave: all of it fixed before the first one does.

use crate::plan::Arrivals;

/// Nanoseconds from the start, ascending: `per_s` a second for `seconds`.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)] // times of a run fit
pub fn schedule_ns(arrivals: Arrivals, per_s: f64, seconds: f64, seed: u64) -> Vec<u64> {
    let end_ns = seconds * 1e9;
    let mut times = Vec::with_capacity((per_s * seconds * 1.02) as usize + 64);
    let mut random = Random(seed);
    let mut time_ns = 0.0;
    while time_ns < end_ns {
        times.push(time_ns as u64);
        time_ns = match arrivals {
            Arrivals::Fixed => times.len() as f64 * 1e9 / per_s,
            Arrivals::Poisson => time_ns - random.unit().ln() * 1e9 / per_s,
        };
    }
    times
}

/// `SplitMix64` (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// In (0, 1].
    #[allow(clippy::cast_precision_loss)] // 53 bits
    fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_times_are_equally_far_apart() {
        assert_eq!(schedule_ns(Arrivals::Fixed, 4.0, 1.0, 1), [0, 250_000_000, 500_000_000, 750_000_000]);
    }

    #[test]
    #[allow(clippy::cast_precision_loss)]
    fn poisson_distances_have_the_mean_and_the_spread_of_exponential_ones() {
        let times = schedule_ns(Arrivals::Poisson, 50_000.0, 4.0, 7);
        assert_eq!(times, schedule_ns(Arrivals::Poisson, 50_000.0, 4.0, 7));
        assert_ne!(times, schedule_ns(Arrivals::Poisson, 50_000.0, 4.0, 8));
        assert!(times.is_sorted());
        let distances: Vec<f64> = times.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
        let mean = distances.iter().sum::<f64>() / distances.len() as f64;
        let variance = distances.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / distances.len() as f64;
        assert!((mean / 20_000.0 - 1.0).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02, "{variance}");
    }
}
