//! Who is where: every device goes its path round and round near a place of its own, all of it from two small tables.
//!
//! ```text
//! position of device key at its step n  =  bases[key mod |bases|] + path[(n + key · shift) mod |path|]
//! stream s of S speaks for D = device_count / S keys, in an order that jumps about, one step further in each pass
//! ```
//! `geooffer/bench/load_world.py` makes the tables and computes from the same formula what offers are due.

use serde::Deserialize;

/// The tables.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World {
    /// Keys 1..=`device_count`, shared out to the streams equally; what is left over stays at home.
    pub device_count: usize,
    /// Whether pings name their device: gateways' do, phones' do not (a stream has one device then).
    pub names_devices: bool,
    /// Latitude and longitude, degrees × 10⁷.
    pub bases: Vec<[i32; 2]>,
    /// Added to the base, degrees × 10⁷.
    pub path: Vec<[i32; 2]>,
    /// How far on its path the next key begins.
    pub path_shift: usize,
    /// Of every ping.
    pub accuracy_cm: i32,
    /// Of every ping.
    pub speed_cm_per_s: i32,
}

/// One ping of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whose.
    pub device_key: i64,
    /// From 1, ascending for each device.
    pub sequence: i64,
    /// Degrees × 10⁷.
    pub latitude_e7: i32,
    /// Degrees × 10⁷.
    pub longitude_e7: i32,
}

impl World {
    /// What stands in the way of `streams` streams with so many rows a message.
    #[must_use]
    pub fn fault(&self, streams: usize, row_count: usize) -> Option<&'static str> {
        if self.bases.is_empty() || self.path.is_empty() {
            return Some("there are a base and a path at least");
        }
        let each = self.device_count / streams;
        if each == 0 || each % row_count != 0 {
            return Some("the devices of a stream are a multiple of the rows of a message");
        }
        if !self.names_devices && each != 1 {
            return Some("pings that name no devices need one a stream");
        }
        None
    }

    /// Where device `key` is at its `step`th ping, counted from 0.
    #[must_use]
    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation)] // keys are positive and no more than usize holds
    pub fn step(&self, key: i64, step: i64) -> Step {
        let number = key as usize;
        let base = self.bases[number % self.bases.len()];
        let offset = self.path[(step as usize + number * self.path_shift) % self.path.len()];
        Step {
            device_key: key,
            sequence: step + 1,
            latitude_e7: base[0] + offset[0],
            longitude_e7: base[1] + offset[1],
        }
    }
}

/// The devices of one stream, whose turn it is and how far they are.
#[derive(Clone, Debug)]
pub struct Turns {
    first_key: i64,
    device_count: i64,
    stride: i64,
    place: i64,
    turn: i64,
    pass: i64,
}

impl Turns {
    /// Of stream `stream`, which speaks for `device_count` keys.
    #[must_use]
    pub fn new(stream: usize, device_count: usize) -> Self {
        let as_key = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let count = as_key(device_count);
        Self {
            first_key: as_key(stream * device_count + 1),
            device_count: count,
            stride: stride(count),
            place: 0,
            turn: 0,
            pass: 0,
        }
    }

    /// Whose ping is next, and which of hers it is.
    pub fn advance(&mut self) -> (i64, i64) {
        let next = (self.first_key + self.place, self.pass);
        self.place = (self.place + self.stride) % self.device_count;
        self.turn += 1;
        if self.turn == self.device_count {
            (self.turn, self.place, self.pass) = (0, 0, self.pass + 1);
        }
        next
    }
}

/// A step that visits all `count` places before any twice, and neighbours one after the other never: rows of one message
/// shall not lie side by side in anybody's memory.
#[must_use]
pub fn stride(count: i64) -> i64 {
    let mut stride = (count * 618 / 1_000).max(1);
    while divisor(stride, count) != 1 {
        stride += 1;
    }
    stride
}

fn divisor(mut a: i64, mut b: i64) -> i64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_pass_visits_every_device_once_and_the_next_pass_is_a_step_further() {
        for count in [1_usize, 2, 7, 100, 1_953] {
            let mut turns = Turns::new(3, count);
            for pass in 0..3 {
                let keys: HashSet<i64> = (0..count)
                    .map(|_| {
                        let (key, step) = turns.advance();
                        assert_eq!(step, pass);
                        key
                    })
                    .collect();
                let first = i64::try_from(3 * count + 1).expect("small");
                let expected: HashSet<i64> = (first..first + i64::try_from(count).expect("small")).collect();
                assert_eq!(keys, expected);
            }
        }
    }

    #[test]
    fn a_device_goes_round_its_path_at_its_base() {
        let world = World {
            device_count: 4,
            names_devices: true,
            bases: vec![[100, 200], [300, 400]],
            path: vec![[0, 0], [1, 2], [3, 4]],
            path_shift: 2,
            accuracy_cm: 0,
            speed_cm_per_s: 0,
        };
        // key 3: base 3 mod 2 = 1; begins at 6 mod 3 = 0
        let step = |n| world.step(3, n);
        assert_eq!(step(0), Step { device_key: 3, sequence: 1, latitude_e7: 300, longitude_e7: 400 });
        assert_eq!(step(1), Step { device_key: 3, sequence: 2, latitude_e7: 301, longitude_e7: 402 });
        assert_eq!(step(5).latitude_e7, step(2).latitude_e7);
    }
}
